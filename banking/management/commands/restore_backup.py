"""`manage.py restore_backup FOLDER`: restore a backup into an empty database, and prove it."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from banking.backup.command import whole_bank
from banking.backup.proof import Proof, restore_prove
from banking.backup.restoring import Restored, backup_restore
from ledger.checkpoint_check import NOT_SIGNED_BY_US
from ledger.management.commands.verify_ledger import kept_checkpoint

_PROGRESS_EVERY = 50_000


class Command(BaseCommand):
    help = (
        "Restore a backup, made by `backup` or by mongodump, into an empty database (MONGODB_DATABASE) and prove it; "
        "exit code 1 when anything is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", type=Path, help="of the backup")
        parser.add_argument(
            "--checkpoint", type=Path, metavar="FILE", help="compare with what `export_checkpoint` printed earlier"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        kept = None if options["checkpoint"] is None else kept_checkpoint(options["checkpoint"])
        began = time.monotonic()
        with whole_bank() as database:
            restored = backup_restore(database, options["folder"].absolute(), progress=self._progress)
            proof = restore_prove(database, restored, kept=kept)
        self._tell(restored, proof, time.monotonic() - began)

    def _progress(self, step: str, done: int) -> None:
        if done % _PROGRESS_EVERY == 0 and done:
            self.stdout.write(f"  {step}: {done:,}")

    def _tell(self, restored: Restored, proof: Proof, seconds: float) -> None:
        total = sum(restored.counts.values())
        self.stdout.write(f"Restored {total:,} documents of {len(restored.counts)} collections in {seconds:.1f} s.")
        for name, reason in restored.skipped.items():
            self.stdout.write(f"  left out: {name} ({reason})")
        for sentence in proof.proved:
            self.stdout.write(f"  proved: {sentence}")
        for sentence in proof.unproved:
            self.stdout.write(self.style.WARNING(f"  not proved: {sentence}"))
        for sentence in proof.wrong:
            self.stdout.write(self.style.ERROR(f"  wrong: {sentence}"))
        if any(NOT_SIGNED_BY_US in sentence for sentence in proof.wrong):
            self.stdout.write(
                "  If the bank signed with a key that is not known here, set CHECKPOINT_PUBLIC_KEYS to the\n"
                "  public key that was kept outside the backup and restore again (after make run: copy\n"
                "  checkpoint_key of its DATA_DIR)."
            )
        if proof.wrong:
            raise CommandError(
                f"{len(proof.wrong)} things are wrong; the database stays marked as not to be used.", returncode=1
            )
        self.stdout.write(self.style.SUCCESS("The restored bank is proved. Run migrate, then start the bank."))
