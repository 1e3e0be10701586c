"""Files of a backup: written once, privately and onto the disk; read a document at a time.

A file of documents is BSON documents one after the other, each of which begins with its own length, and so it is seen
where a file was cut off or overwritten.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from banking.backup.errors import BackupDamaged

COMPRESSED = ".gz"
# The server's limit of a document and the room that it leaves for its own.
LARGEST_DOCUMENT = 16 * 1024 * 1024 + 16 * 1024
_SMALLEST_DOCUMENT = 5
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Seal:
    """What a file is known again by, as it lies on the disk: its size in bytes and its SHA-256."""

    size: int
    sha256: str


class SealedFile:
    """A new file that nobody else may read; when it is closed it is on the disk and sealed."""

    def __init__(self, path: Path) -> None:
        private = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        self._disk = os.fdopen(private, "wb")
        self._digest = hashlib.sha256()
        self._size = 0
        self._packed: gzip.GzipFile | None = None
        if path.suffix == COMPRESSED:
            # Neither name nor time inside, so that equal content makes equal files.
            self._packed = gzip.GzipFile(filename="", mode="wb", fileobj=cast(BinaryIO, _Tap(self)), mtime=0)

    def write(self, content: bytes) -> None:
        if self._packed is None:
            self._put(content)
        else:
            self._packed.write(content)

    @property
    def seal(self) -> Seal:
        return Seal(self._size, self._digest.hexdigest())

    def __enter__(self) -> "SealedFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        with self._disk:
            if kind is None:
                if self._packed is not None:
                    self._packed.close()
                self._disk.flush()
                os.fsync(self._disk.fileno())

    def _put(self, content: bytes) -> None:
        self._disk.write(content)
        self._digest.update(content)
        self._size += len(content)


class _Tap:
    """What the packer writes to."""

    def __init__(self, file: SealedFile) -> None:
        self._file = file

    def write(self, content: bytes) -> int:
        self._file._put(content)
        return len(content)

    def flush(self) -> None:
        """The file is flushed when it is closed."""


def seal_of(path: Path) -> Seal:
    """Return the seal of a file as it is now."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return Seal(size, digest.hexdigest())


def folder_sync(folder: Path) -> None:
    """See that the names in a folder are on the disk too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def content_read(path: Path) -> bytes:
    """Return all of a small file.

    Raises:
        BackupDamaged: it cannot be unpacked.
    """
    try:
        with _opened(path) as file:
            return file.read()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BackupDamaged(f"{path.name} is cut off or damaged: it cannot be unpacked.") from error


def documents_read(path: Path) -> Iterator[bytes]:
    """Yield the documents of a file, byte for byte.

    Raises:
        BackupDamaged: the file is cut off, or something else stands where a document should.
    """
    try:
        with _opened(path) as file:
            while start := file.read(4):
                yield _rest_of_document(file, start, path)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BackupDamaged(f"{path.name} is cut off or damaged: it cannot be unpacked.") from error


def documents_of(batch: bytes) -> Iterator[bytes]:
    """Yield the documents of a batch that the database sent whole."""
    place = 0
    while place < len(batch):
        end = place + int.from_bytes(batch[place : place + 4], "little")
        yield batch[place:end]
        place = end


def _opened(path: Path) -> BinaryIO:
    if path.suffix == COMPRESSED:
        return cast(BinaryIO, gzip.open(path, "rb"))
    return path.open("rb")


def _rest_of_document(file: BinaryIO, start: bytes, path: Path) -> bytes:
    size = int.from_bytes(start, "little")
    if len(start) == 4 and not _SMALLEST_DOCUMENT <= size <= LARGEST_DOCUMENT:
        raise BackupDamaged(f"{path.name} is damaged: a document of {size:,} bytes cannot be.")
    rest = file.read(size - 4) if len(start) == 4 else b""
    if len(start) < 4 or len(rest) < size - 4:
        raise BackupDamaged(f"{path.name} is cut off in the middle of a document.")
    if rest[-1] != 0:
        raise BackupDamaged(f"{path.name} is damaged: a document does not end where it says.")
    return start + rest
