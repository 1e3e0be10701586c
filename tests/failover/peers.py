"""Which process made a connection: by its port in /proc/net/tcp and its open files, which needs no rights of root."""

import os
from collections.abc import Iterable
from pathlib import Path

_LOCAL, _REMOTE, _INODE = 1, 2, 9


def process_of(*, port: int, peer: int, among: Iterable[int]) -> int | None:
    """Return the process that holds one end of a connection on 127.0.0.1, None when it is somebody else.

    Args:
        port: the port of the end that is asked about.
        peer: the port of the other end.
        among: the process ids that come into question.
    """
    inode = _inode_of(port, peer)
    return next((pid for pid in among if inode is not None and _has_open(pid, f"socket:[{inode}]")), None)


def _inode_of(port: int, peer: int) -> str | None:
    local, remote = f":{port:04X}", f":{peer:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[_LOCAL].endswith(local) and fields[_REMOTE].endswith(remote):
            return fields[_INODE]
    return None


def _has_open(pid: int, name: str) -> bool:
    try:
        files = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False
    return any(_target(file) == name for file in files)


def _target(file: Path) -> str:
    try:
        return os.readlink(file)
    except OSError:
        return ""
