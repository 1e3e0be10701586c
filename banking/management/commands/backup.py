"""`manage.py backup FOLDER`: back up the whole bank as it stands at one moment."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from banking.backup.command import whole_bank
from banking.backup.folders import told
from banking.backup.taking import backup_take


class Command(BaseCommand):
    help = "Back up the bank's database at one moment, in the format of mongodump, while the bank is at work."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", type=Path, help="where to; must not be there yet")
        parser.add_argument("--gzip", action="store_true", help="pack each file, as mongodump --gzip does")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        folder = options["folder"].absolute()
        with whole_bank() as database:
            manifest = backup_take(database, folder, compress=options["gzip"], progress=lambda name, done: None)
        for name, count in manifest.counts.items():
            self.stdout.write(f"  {name}: {count:,}")
        sums = told(manifest)
        self.stdout.write(
            self.style.SUCCESS(
                f"Backed up {sums['documents']:,} documents of {sums['collections']} collections as they stood at "
                f"{manifest.moment} into {folder} ({sums['bytes']:,} bytes, {time.monotonic() - began:.1f} s)."
            )
        )
        self.stdout.write("It is not encrypted, and SECRET_KEY is not in it: see docs/backup.md.")
