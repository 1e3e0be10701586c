"""The files in which the processes of one bank keep their metrics, so that any of them can answer for all.

Prometheus' client keeps one set of files for each process id in the folder `PROMETHEUS_MULTIPROC_DIR`. Counts of
processes that have ended still count. What a process says of its present, such as how many wait in it, must end with
it: the files that hold this are removed when their process is found dead.
"""

import contextlib
import os
import re
from pathlib import Path

from prometheus_client import CollectorRegistry, multiprocess

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_PRESENT = re.compile(r"gauge_live[a-z]*_([0-9]+)\.db")


def folder_prepare(folder: Path) -> None:
    """Make the folder, or empty it: the counts of an earlier run have been read or are lost."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        file.unlink()


def registry_of_all_processes() -> CollectorRegistry | None:
    """Return what all processes count together, None when this process counts for itself alone."""
    folder = os.environ.get(FOLDER)
    if not folder or not Path(folder).is_dir():
        return None
    _forget_the_dead(Path(folder))
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _forget_the_dead(folder: Path) -> None:
    for file in folder.glob("gauge_live*.db"):
        found = _PRESENT.fullmatch(file.name)
        if found and not _is_running(int(found[1])):
            # Another process may have been faster.
            with contextlib.suppress(FileNotFoundError):
                multiprocess.mark_process_dead(int(found[1]))  # type: ignore[no-untyped-call]


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
