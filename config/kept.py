"""Secrets that a checkout makes for itself once and keeps in files that only their owner can read."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path


def kept_secret(file: Path, make: Callable[[], str]) -> str:
    """Return what the file holds; the first time, what `make` returns, written there with mode 0600.

    Raises:
        OSError: the file can be neither read nor written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        _write_once(file, make())
    return file.read_text(encoding="ascii").strip()


def _write_once(file: Path, secret: str) -> None:
    """Put the whole file in its place in one step, so that nobody reads half of it; the first of two wins."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as output:
        output.write(secret)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
