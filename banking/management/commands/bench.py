"""`manage.py bench`: what a transfer and a read cost, each beside a reference in the same run."""

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from banking.bench.run import NAMES, QUICK, Options, measure
from banking.bench.server import BenchError
from banking.bench.table import text_table


class Command(BaseCommand):
    help = "Measure transfers and reads, each beside a reference in the same run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quick", action="store_true", help="a small run, under half a minute")
        parser.add_argument("--seconds", type=float, help="how long each load runs (9)")
        parser.add_argument("--entries", type=int, help="entries in the large ledger that is read (1000000)")
        parser.add_argument("--only", action="append", choices=NAMES, help="only this measure; may be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("The bench is not for production.")
        try:
            found = measure(_options(options), self._progress)
        except BenchError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"\n{text_table(found)}")

    def _progress(self, line: str) -> None:
        self.stdout.write(f"  {line}")
        self.stdout.flush()


def _options(given: dict[str, Any]) -> Options:
    wanted = {name: given[name] for name in ("seconds", "entries") if given[name] is not None}
    if given["only"]:
        wanted["names"] = tuple(given["only"])
    return replace(QUICK if given["quick"] else Options(), **wanted)
