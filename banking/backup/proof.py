"""What a restored database is held against before anybody may use it: the backup, the rules, and the books."""

from dataclasses import dataclass, field

from banking.backup.marker import marker_remove
from banking.backup.restoring import Restored
from banking.backup.shapes import Bank, shapes_of
from ledger.checkpoints import SIGNATURES_UNCHECKED, public_keys
from ledger.findings import Report
from ledger.records import now
from ledger.verifications import full_record
from ledger.verify import KeptCheckpoint, verify


@dataclass
class Proof:
    """What was proved, what was found wrong and what nobody could look at, each as a sentence."""

    proved: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unproved: list[str] = field(default_factory=list)


def restore_prove(database: Bank, restored: Restored, *, kept: KeptCheckpoint | None = None) -> Proof:
    """Prove that the database is what the backup was and that its books are right; then it may be used.

    Args:
        database: that was restored, and is that of Django's connection.
        restored: what `backup_restore` returned.
        kept: a checkpoint that was kept outside the database.
    """
    proof = Proof()
    _tell_files(restored, proof)
    _shapes_check(database, restored, proof)
    _validators_check(database, restored, proof)
    _books_check(kept, proof)
    if not proof.wrong:
        marker_remove(database)
    return proof


def _tell_files(restored: Restored, proof: Proof) -> None:
    total = sum(restored.counts.values())
    if restored.backup.manifest is not None:
        proof.proved.append(f"All {restored.files} files of the backup have the size and the SHA-256 of its manifest.")
    proof.proved.append(f"All {total:,} documents read back byte for byte as they are in the backup.")


def _shapes_check(database: Bank, restored: Restored, proof: Proof) -> None:
    now = {shape.name: shape.rules for shape in shapes_of(database)}
    parts = restored.backup.parts
    others = [part.shape.name for part in parts if now.get(part.shape.name) != part.shape.rules]
    for name in others:
        proof.wrong.append(f"{name} has other rules or indexes than in the backup.")
    if not others:
        proof.proved.append(f"All {len(parts)} collections have the rules and the indexes that they had.")


def _validators_check(database: Bank, restored: Restored, proof: Proof) -> None:
    """The documents were written past the rules, so that they came back as they were; here they are held to them."""
    broken = False
    for shape in (part.shape for part in restored.backup.parts):
        count = database[shape.name].count_documents({"$nor": [shape.validator]}) if shape.validator else 0
        if count:
            broken = True
            proof.wrong.append(f"{shape.name} has {count:,} documents that break its own rules.")
    if not broken:
        proof.proved.append("Every document obeys the rules of its collection.")


def _books_check(kept: KeptCheckpoint | None, proof: Proof) -> None:
    report = books_verify(kept)
    if not public_keys():
        proof.unproved.append(SIGNATURES_UNCHECKED)
    proof.wrong += map(str, report.violations)
    if report.omitted:
        proof.wrong.append(f"{report.omitted:,} more violations.")
    if not report.counts:
        proof.proved.append(
            f"The books are right: {report.accounts:,} accounts, {report.transactions:,} transactions and "
            f"{report.entries:,} entries agree, and so do chains, checkpoints, keys and counters."
        )
    if not report.counts and kept is not None:
        proof.proved.append("The checkpoint that was kept outside is one of these books.")


def books_verify(kept: KeptCheckpoint | None) -> Report:
    """Check the books of the restored database: the one place where everything is called that proves a ledger."""
    started_at = now()
    report = verify(kept=kept)
    # For those who look at it in the browser.
    full_record(report, started_at=started_at)
    return report
