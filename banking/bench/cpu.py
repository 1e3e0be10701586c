"""How much CPU processes have used so far, as Linux tells it; elsewhere nobody knows, and the column stays empty."""

import contextlib
import os
from pathlib import Path

_PROC = Path("/proc")
_PARENT, _USER, _SYSTEM = 1, 11, 12


def tree_seconds(pid: int) -> float | None:
    """Return the CPU seconds that a process and all its living descendants have used; None where it is not known."""
    if not _is_readable():
        return None
    return sum(_seconds(process) for process in [pid, *descendants(pid)])


def descendants(pid: int) -> list[int]:
    """Return the living children of a process, theirs, and so on."""
    children: dict[int, list[int]] = {}
    for stat in _PROC.glob("[0-9]*/stat"):
        fields = _fields(int(stat.parent.name))
        if fields:
            children.setdefault(int(fields[_PARENT]), []).append(int(stat.parent.name))
    found: list[int] = []
    due = [pid]
    while due:
        mine = children.get(due.pop(), [])
        found += mine
        due += mine
    return found


def _is_readable() -> bool:
    return (_PROC / "self" / "stat").exists()


def _seconds(pid: int) -> float:
    fields = _fields(pid)
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _fields(pid: int) -> list[str]:
    """Return what follows the name in the process's `stat`, see proc(5); nothing when it has gone."""
    with contextlib.suppress(OSError):
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return []
