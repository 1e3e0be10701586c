"""What the figures were measured on: without it they say nothing."""

import contextlib
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from ledger.store import client


def machine() -> dict[str, str]:
    """Return the machine and the software that runs on it, each by its name."""
    return {
        "Processor": f"{_processor()}, {_cores()} cores",
        "Memory": f"{_memory_gigabytes():.0f} GB",
        "System": f"{_system()}, {platform.machine()}",
        "Python": platform.python_version(),
        "MongoDB": f"{client().server_info()['version']}, {_members()}",
        "Day": datetime.now(UTC).date().isoformat(),
    }


def _processor() -> str:
    """Return the processor's model, as far as the system tells it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_gigabytes() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _system() -> str:
    """Return the system's name and its kernel's version, without what a provider added to that."""
    kernel = f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}"
    with contextlib.suppress(OSError):
        return f"{platform.freedesktop_os_release()['PRETTY_NAME']}, {kernel}"
    return kernel


def _members() -> str:
    count = len(client().admin.command("hello").get("hosts", []))
    return f"a replica set of {count} node{'' if count == 1 else 's'}, majority with journal"
