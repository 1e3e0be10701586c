"""`manage.py verify_ledger`: check every invariant over the whole database."""

import base64
import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger.checkpoints import SIGNATURES_UNCHECKED, public_keys
from ledger.findings import Report
from ledger.privileges import app_privileges_excess
from ledger.records import now
from ledger.verifications import full_record
from ledger.verify import KeptCheckpoint, verify


class Command(BaseCommand):
    help = (
        "Check the ledger's invariants (I1 to I6), chains, checkpoints and counters over the whole database; "
        "exit code 1 if any is broken."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--checkpoint", type=Path, metavar="FILE", help="Compare with what `export_checkpoint` printed earlier."
        )
        parser.add_argument("--json", action="store_true", help="Write the result as one line of JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        kept = None if options["checkpoint"] is None else kept_checkpoint(options["checkpoint"])
        began, started_at = time.monotonic(), now()
        report = verify(kept=kept) if options["json"] else verify(self._tell_progress, kept=kept)
        number, excess = full_record(report, started_at=started_at), app_privileges_excess()
        seconds = time.monotonic() - began
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(report, number, seconds) | {"history_excess": excess}))
        else:
            self._tell(report, seconds)
            self.stdout.write(_history(excess))
        if report.counts:
            raise CommandError(f"{report.found} violations.", returncode=1)

    def _tell_progress(self, phase: str, report: Report) -> None:
        self.stdout.write(f"  {phase}: {report.entries:,} entries, {report.transactions:,} transactions so far")

    def _tell(self, report: Report, seconds: float) -> None:
        self.stdout.write(
            f"Checked {report.accounts:,} accounts, {report.transactions:,} transactions and "
            f"{report.entries:,} entries in {seconds:.1f} s."
        )
        if not report.counts:
            right = "The books are right: balances, entries, chains, checkpoints, keys and counters agree."
            self.stdout.write(self.style.SUCCESS(right))
        if not public_keys():
            self.stdout.write(self.style.WARNING(SIGNATURES_UNCHECKED))
        for violation in report.violations:
            self.stdout.write(self.style.ERROR(str(violation)))


def kept_checkpoint(path: Path) -> KeptCheckpoint:
    """Return the checkpoint in a file that `export_checkpoint` printed."""
    try:
        document = json.loads(path.read_text())
        return KeptCheckpoint(dict(document["checkpoint"]), base64.b64decode(document["signature"], validate=True))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path} is no checkpoint as `export_checkpoint` prints it: {error!r}") from error


def _as_json(report: Report, number: int, seconds: float) -> dict[str, Any]:
    return {
        "verification": number,
        "right": not report.counts,
        "accounts": report.accounts,
        "transactions": report.transactions,
        "entries": report.entries,
        "seconds": round(seconds, 3),
        "violations": [violation._asdict() for violation in report.violations],
        "omitted": report.omitted,
        "signatures_checked": bool(public_keys()),
    }


def _history(excess: list[str]) -> str:
    """Say whether the database enforces I7 for the credentials in use; an owner may well check the books."""
    if not excess:
        return "The database refuses any change of entries, audit records and checkpoints to these credentials (I7)."
    more = f" and {len(excess) - 3} more" if len(excess) > 3 else ""
    return f"Checked with credentials that may change history (I7): {', '.join(excess[:3])}{more}."
