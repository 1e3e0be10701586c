"""The folder of a backup: `FOLDER/<database>/<collection>.bson` and `.metadata.json`, as mongodump lays it out.

A backup made here also has `FOLDER/manifest.json`: how many documents each collection has and the seal of each file.
mongorestore passes it by.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import Any
from urllib.parse import quote, unquote

from banking.backup.errors import BackupDamaged, BackupRefused
from banking.backup.files import COMPRESSED, Seal, SealedFile, content_read, folder_sync, seal_of
from banking.backup.shapes import Shape, shape_read

DOCUMENTS, METADATA = ".bson", ".metadata.json"
MANIFEST, OPLOG = "manifest.json", "oplog.bson"
# How a folder is called until everything is in it.
UNFINISHED = ".unfinished"
_FORMAT = 1


@dataclass
class Manifest:
    """What was backed up.

    Args:
        database: its name.
        moment: the one moment that was read, as a text in UTC.
        counts: documents by collection.
        seals: of each file, by its path inside the folder.
        left_out: collections whose documents were left out on purpose.
    """

    database: str
    moment: str
    counts: dict[str, int] = field(default_factory=dict)
    seals: dict[str, Seal] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        content = json.dumps({"format": _FORMAT, **asdict(self)}, indent=1, sort_keys=True)
        with SealedFile(folder / MANIFEST) as file:
            file.write(content.encode())

    @classmethod
    def read(cls, folder: Path) -> "Manifest | None":
        """Return the manifest of a folder; mongodump makes none.

        Raises:
            BackupDamaged: it cannot be read.
        """
        try:
            found = json.loads((folder / MANIFEST).read_bytes())
            if found.pop("format") != _FORMAT:
                raise BackupDamaged(f"{MANIFEST} is of a later version of Florin.")
            seals = {name: Seal(**seal) for name, seal in found.pop("seals").items()}
            return cls(**found, seals=seals)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupDamaged(f"{MANIFEST} cannot be read.") from error


@dataclass(frozen=True, slots=True)
class Part:
    """One collection of a backup: what it is, and the file of its documents."""

    shape: Shape
    documents: Path


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was found in a folder; the manifest is None in one that mongodump made."""

    folder: Path
    parts: list[Part]
    manifest: Manifest | None


@contextmanager
def folder_writing(folder: Path) -> Iterator[Path]:
    """Make a folder that has its name only when everything is in it.

    Raises:
        BackupRefused: there is something of this name, or what an interrupted backup left.
    """
    unfinished = folder.with_name(folder.name + UNFINISHED)
    if folder.exists() or folder.is_symlink():
        raise BackupRefused(f"{folder} is there already; nothing is ever written over a backup.")
    try:
        unfinished.mkdir(mode=0o700)
    except FileExistsError as error:
        raise BackupRefused(f"{unfinished} was left by a backup that did not end; remove it first.") from error
    except OSError as error:
        raise BackupRefused(f"{unfinished} cannot be made: {error.strerror}.") from error
    try:
        yield unfinished
        folder_sync(unfinished)
        unfinished.rename(folder)
    except BaseException:
        rmtree(unfinished, ignore_errors=True)
        raise
    folder_sync(folder.parent)


def file_name(collection: str, ending: str, *, compress: bool) -> str:
    """Return the name of a collection's file; what could mean something to a file system is escaped."""
    return quote(collection, safe="") + ending + (COMPRESSED if compress else "")


def backup_find(folder: Path, *, database: str) -> Backup:
    """Return the backup in a folder.

    Args:
        folder: one that `backup` or mongodump wrote, or the folder of the one database in it.
        database: whose folder is looked for when there are several.

    Raises:
        BackupDamaged: there is none, or it is one that cannot be restored like this.
    """
    if not folder.is_dir():
        raise BackupDamaged(f"There is no folder {folder}.")
    if folder.name.endswith(UNFINISHED):
        raise BackupDamaged(f"{folder} is what an interrupted backup left; it is not complete.")
    manifest = Manifest.read(folder)
    inner = _folder_of_database(folder, manifest.database if manifest else database)
    _refuse_oplog(inner)
    parts = [_part(path) for path in sorted(inner.iterdir()) if _is_metadata(path) and not _is_servers_own(path)]
    _refuse_stray_documents(inner, parts)
    return Backup(folder, parts, manifest)


def seals_check(backup: Backup) -> int:
    """See that every file is as the manifest says, and that none is missing or was put in; return how many there are.

    Raises:
        BackupDamaged: one is not.
    """
    seals = backup.manifest.seals if backup.manifest else {}
    there = {str(path.relative_to(backup.folder)) for path in backup.folder.rglob("*") if path.is_file()} - {MANIFEST}
    for name in sorted(there ^ set(seals)):
        raise BackupDamaged(f"{name} is {'not in the manifest' if name in there else 'missing'}.")
    for name, seal in seals.items():
        if seal_of(backup.folder / name) != seal:
            raise BackupDamaged(f"{name} is not as it was written: its size or its SHA-256 differs from the manifest.")
    return len(seals)


def _folder_of_database(folder: Path, database: str) -> Path:
    if any(_is_metadata(path) for path in folder.iterdir()):
        return folder
    found = [
        path for path in folder.iterdir() if path.is_dir() and any(_is_metadata(inner) for inner in path.iterdir())
    ]
    named = [path for path in found if path.name == database] or [path for path in found if path.name != "admin"]
    if len(named) != 1:
        names = ", ".join(sorted(path.name for path in named))
        raise BackupDamaged(
            f"{folder} has several databases ({names}); name the folder of one."
            if named
            else f"{folder} is no backup."
        )
    return named[0]


def _refuse_oplog(inner: Path) -> None:
    for path in (inner / OPLOG, inner.parent / OPLOG, inner.parent / (OPLOG + COMPRESSED)):
        if path.is_file() and path.stat().st_size and content_read(path):
            raise BackupDamaged(
                f"{path.name} has to be replayed, which mongorestore --oplogReplay does; "
                "then check the books with verify_ledger."
            )


def _is_metadata(path: Path) -> bool:
    return path.name.removesuffix(COMPRESSED).endswith(METADATA)


def _is_servers_own(path: Path) -> bool:
    """Users and roles are made anew by their own command, and profiles are of no use."""
    return unquote(path.name).startswith(("system.", "$admin."))


def _part(metadata: Path) -> Part:
    compressed = COMPRESSED if metadata.suffix == COMPRESSED else ""
    stem = metadata.name.removesuffix(METADATA + compressed)
    shape = shape_read(content_read(metadata), name=unquote(stem))
    documents = metadata.with_name(stem + DOCUMENTS + compressed)
    if not documents.is_file():
        raise BackupDamaged(f"{documents.name} is missing.")
    return Part(shape, documents)


def _refuse_stray_documents(inner: Path, parts: list[Part]) -> None:
    known = {part.documents for part in parts}
    for path in sorted(inner.iterdir()):
        is_documents = path.name.removesuffix(COMPRESSED).endswith(DOCUMENTS) and path.name != OPLOG
        if is_documents and path not in known and not _is_servers_own(path):
            raise BackupDamaged(f"{path.name} has no metadata beside it.")
    if len({part.shape.name for part in parts}) != len(parts):
        raise BackupDamaged(f"{inner} has a collection twice, packed and not packed.")


def told(manifest: Manifest) -> dict[str, Any]:
    """Return the sums of a manifest: documents, collections and bytes."""
    return {
        "documents": sum(manifest.counts.values()),
        "collections": len(manifest.counts),
        "bytes": sum(seal.size for seal in manifest.seals.values()),
    }
