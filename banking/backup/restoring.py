"""Restoring a backup into an empty database: every document byte for byte, rules and indexes as they were.

Before anything is written the whole backup is read once, so that a damaged file stops it in time. Each collection is
read back before its indexes are made, because an index with a time to live begins at once to forget.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError, OperationFailure

from banking.backup.errors import BackupDamaged, RestoreRefused
from banking.backup.files import documents_of, documents_read
from banking.backup.folders import Backup, Part, backup_find, seals_check
from banking.backup.left_out import left_out
from banking.backup.marker import marker_set, refuse_unfinished
from banking.backup.shapes import Bank, indexes_make, shape_make
from banking.outbox.schema import outbox_restored

Progress = Callable[[str, int], None]

_RAW = CodecOptions(document_class=RawBSONDocument)
# What goes to the database at once, whichever bound is reached first.
_MOST_DOCUMENTS, _MOST_BYTES = 1_000, 8 * 1024 * 1024


@dataclass
class Content:
    """How many documents a collection has, and a sum over all of them in which their order does not count."""

    count: int = 0
    sum: int = 0

    def add(self, document: bytes) -> None:
        self.count += 1
        self.sum = (self.sum + int.from_bytes(hashlib.sha256(document).digest(), "big")) % 2**256


@dataclass
class Restored:
    """What was restored.

    Args:
        backup: from where.
        files: how many files had the seal that the manifest names.
        counts: documents by collection.
        skipped: collections whose documents were left out, with the reason.
    """

    backup: Backup
    files: int
    counts: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def backup_restore(database: Bank, folder: Path, *, progress: Progress) -> Restored:
    """Restore a backup; `banking.backup.proof` then has to prove it and to remove the marker.

    Args:
        database: an empty one, with the right to make collections and indexes in it.
        folder: of a backup made by `backup` or by mongodump.
        progress: told a collection's name and how many documents of it are restored, now and then.

    Raises:
        BackupDamaged: the backup is not whole; nothing was written.
        RestoreRefused: the database is not empty (nothing was written), or does not take what is in the backup.
    """
    refuse_unfinished(database)
    if there := database.list_collection_names():
        raise RestoreRefused(
            f"The database {database.name} is not empty ({len(there)} collections); "
            "a backup is restored into an empty one only. MONGODB_DATABASE names another."
        )
    backup = backup_find(folder, database=database.name)
    restored = Restored(backup, seals_check(backup) if backup.manifest else 0)
    found = {part.shape.name: _content(documents_read(part.documents)) for part in backup.parts}
    _compare_counts(backup, found)
    marker_set(database, backup=folder.name)
    for part in backup.parts:
        _restore(database, part, found[part.shape.name], restored, progress)
    outbox_restored(database)
    return restored


def _content(documents: Iterable[bytes]) -> Content:
    content = Content()
    for document in documents:
        content.add(document)
    return content


def _compare_counts(backup: Backup, found: dict[str, Content]) -> None:
    if backup.manifest is None:
        return
    for name in sorted(found.keys() | backup.manifest.counts.keys()):
        count = found[name].count if name in found else None
        wanted = backup.manifest.counts.get(name)
        if count != wanted:
            raise BackupDamaged(f"{name} has {count} documents, and the manifest says {wanted}.")


def _restore(database: Bank, part: Part, content: Content, restored: Restored, progress: Progress) -> None:
    name = part.shape.name
    reason = left_out().get(name)
    try:
        shape_make(database, part.shape)
        if reason is None:
            _insert_all(database, part, progress)
            _read_back(database, name, content)
        indexes_make(database, part.shape)
    except (BulkWriteError, OperationFailure) as error:
        raise RestoreRefused(f"The database does not take {name} as it is in the backup: {_said(error)}") from error
    if reason is None:
        restored.counts[name] = content.count
    else:
        restored.skipped[name] = reason


def _insert_all(database: Bank, part: Part, progress: Progress) -> None:
    # Past the rules, which are held against all documents afterwards.
    into = database.get_collection(part.shape.name, _RAW)
    done = 0
    for batch in _in_batches(documents_read(part.documents)):
        into.insert_many([RawBSONDocument(document) for document in batch], bypass_document_validation=True)
        done += len(batch)
        progress(part.shape.name, done)


def _in_batches(documents: Iterable[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for document in documents:
        if batch and (len(batch) == _MOST_DOCUMENTS or size + len(document) > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(document)
        size += len(document)
    if batch:
        yield batch


def _read_back(database: Bank, name: str, wanted: Content) -> None:
    found = Content()
    for batch in database[name].find_raw_batches({}):
        for document in documents_of(cast(bytes, batch)):
            found.add(document)
    if found != wanted:
        raise RestoreRefused(
            f"{name} does not read back as it is in the backup: {found.count:,} documents of {wanted.count:,}, "
            "or other bytes in them."
        )


def _said(error: OperationFailure) -> str:
    if isinstance(error, BulkWriteError) and error.details.get("writeErrors"):
        return str(error.details["writeErrors"][0]["errmsg"])[:200]
    return str((error.details or {}).get("errmsg", error))[:200]
