"""`manage.py verify_ledger`: check every invariant over the whole database."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger.verify import verify


class Command(BaseCommand):
    help = "Check the ledger's invariants (I1 to I6) over the whole database; exit code 1 if any is broken."

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        report = verify(lambda step, done: self.stdout.write(f"  {step}: {done:,}"))
        self.stdout.write(
            f"Checked {report.accounts:,} accounts, {report.transactions:,} transactions and "
            f"{report.entries:,} entries in {time.monotonic() - began:.1f} s."
        )
        if not report.violations:
            self.stdout.write(
                self.style.SUCCESS("The books are right: balances, entries, keys and counters agree (I1 to I6).")
            )
            return
        for line in report.violations:
            self.stdout.write(self.style.ERROR(str(line)))
        raise CommandError(f"{len(report.violations) + report.omitted} violations.", returncode=1)
