"""Children that never outlive their parent.

A supervisor that is killed with `kill -9` cannot tidy up, and a database or a web server left behind would keep the
data folder and the port. On Linux the kernel does it: a process asks to be signalled when its parent dies
(`PR_SET_PDEATHSIG`, see prctl(2)). The request survives `exec`, so this file is also a tiny launcher that makes it and
then becomes the real program; nothing runs between `fork` and `exec` in a parent that has threads.

The kernel watches the *thread* that forked: start such children from the main thread. Elsewhere than on Linux all of
this does nothing. Only the standard library may be imported here, because the launcher runs without packages.
"""

import ctypes
import os
import signal
import sys

SUPERVISED = "FLORIN_SUPERVISED"  # "1" asks for it
PARENT = "FLORIN_PARENT"  # the process id of the parent that is meant
_PR_SET_PDEATHSIG = 1


def launch_command(command: list[str], *, death_signal: signal.Signals = signal.SIGTERM) -> list[str]:
    """Return the command that runs `command` and ends it when the calling process dies.

    Args:
        command: the program's path and its arguments. It keeps the process id of what is started.
        death_signal: what the program is sent when its parent dies.
    """
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(death_signal)), *command]


def die_with_parent(*, death_signal: signal.Signals = signal.SIGKILL) -> None:
    """End this process with the parent that is named by the environment's `FLORIN_PARENT`, a process id.

    The workers of the web server call it, whose master cannot end them when it is killed. In the parent itself, or
    without the variable, this does nothing.

    Args:
        death_signal: what this process is sent when its parent dies.
    """
    parent = os.environ.get(PARENT, "")
    if parent.isdecimal() and int(parent) != os.getpid():
        _tie_to(int(parent), death_signal)


def _tie_to(parent: int, death_signal: int) -> None:
    """Ask to be signalled when `parent` dies, and end now when that has happened already."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        os._exit(1)


def _launch(arguments: list[str]) -> None:
    parent, death_signal, *command = arguments
    _tie_to(int(parent), int(death_signal))
    os.environ.update({SUPERVISED: "1", PARENT: str(os.getpid())})  # for the children of what this becomes
    os.execv(command[0], command)  # noqa: S606 - a fixed program of ours, no shell wanted


if __name__ == "__main__":
    _launch(sys.argv[1:])
