"""Taking a backup: the whole database as it stood at one moment, while money moves.

All collections are read in one snapshot session, in the batches that the database sends, which are what the files
hold; memory does not grow with the bank. Should a collection be made, dropped or changed meanwhile, there is no one
moment to speak of, and the backup is refused.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern

from banking.backup.errors import BackupRefused
from banking.backup.files import SealedFile, documents_of, folder_sync
from banking.backup.folders import DOCUMENTS, METADATA, Manifest, file_name, folder_writing
from banking.backup.left_out import left_out
from banking.backup.shapes import Bank, Shape, shape_write, shapes_of

Progress = Callable[[str, int], None]

_SNAPSHOT_TOO_OLD, _SNAPSHOT_UNAVAILABLE = 239, 246
_WHY = {
    _SNAPSHOT_TOO_OLD: "The database does not keep its past for as long as the backup takes; "
    "set minSnapshotHistoryWindowInSeconds higher on every node.",
    _SNAPSHOT_UNAVAILABLE: "Collections were changed while the backup was taken; take it again.",
}


def backup_take(database: Bank, folder: Path, *, compress: bool, progress: Progress) -> Manifest:
    """Back up the bank's database.

    Args:
        database: with the right to read all of it.
        folder: is made; it has its name only when everything is in it and on the disk.
        compress: pack each file with gzip, as mongodump does.
        progress: told a collection's name and how many documents of it are written, now and then.

    Raises:
        BackupRefused: the folder is there already, or no one moment could be read.
    """
    shapes = shapes_of(database)
    if not shapes:
        raise BackupRefused(f"The database {database.name} is empty.")
    with folder_writing(folder) as unfinished:
        manifest = _all_written(database, shapes, unfinished, compress, progress)
        if shapes_of(database) != shapes:
            raise BackupRefused(_WHY[_SNAPSHOT_UNAVAILABLE])
        manifest.write(unfinished)
    return manifest


def _all_written(database: Bank, shapes: list[Shape], folder: Path, compress: bool, progress: Progress) -> Manifest:
    # The session's snapshot is the read concern; one of the database's own would stand against it.
    plain = database.with_options(read_concern=ReadConcern())
    inner = folder / database.name
    inner.mkdir(mode=0o700)
    try:
        with database.client.start_session(snapshot=True) as session:
            manifest = Manifest(database.name, _moment(plain, shapes[0], session), left_out=sorted(left_out()))
            for shape in shapes:
                _write(plain, shape, session, inner, compress, manifest, progress)
    except OperationFailure as error:
        if error.code in _WHY:
            raise BackupRefused(_WHY[error.code]) from error
        raise
    folder_sync(inner)
    return manifest


def _moment(database: Bank, shape: Shape, session: ClientSession) -> str:
    """Ask one question, with which the session's moment begins, and return that moment."""
    reply = database.command({"find": shape.name, "limit": 1, "singleBatch": True}, session=session)
    began: Any = reply["cursor"]["atClusterTime"]
    return datetime.fromtimestamp(began.time, UTC).isoformat()


def _write(
    database: Bank,
    shape: Shape,
    session: ClientSession,
    inner: Path,
    compress: bool,
    manifest: Manifest,
    progress: Progress,
) -> None:
    count = 0
    name = file_name(shape.name, DOCUMENTS, compress=compress)
    with SealedFile(inner / name) as file:
        for batch in _batches(database, shape, session):
            file.write(batch)
            count += sum(1 for _ in documents_of(batch))
            progress(shape.name, count)
    manifest.seals[f"{inner.name}/{name}"] = file.seal
    manifest.counts[shape.name] = count
    name = file_name(shape.name, METADATA, compress=compress)
    with SealedFile(inner / name) as file:
        file.write(shape_write(shape))
    manifest.seals[f"{inner.name}/{name}"] = file.seal


def _batches(database: Bank, shape: Shape, session: ClientSession) -> Iterator[bytes]:
    if shape.name in left_out():
        return iter(())
    # In no order, which is how the database reads fastest.
    return cast(Iterator[bytes], database[shape.name].find_raw_batches({}, session=session))
