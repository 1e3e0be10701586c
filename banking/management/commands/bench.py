"""`manage.py bench`: what a transfer and a read cost, each beside a reference in the same run."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from banking.bench.chart import chart
from banking.bench.machine import machine
from banking.bench.page import page_check, page_write
from banking.bench.run import (
    LEAST_ENTRIES,
    LEAST_SECONDS,
    MOST_ENTRIES,
    MOST_SECONDS,
    NAMES,
    QUICK,
    Options,
    measure,
)
from banking.bench.server import BenchError
from banking.bench.table import text_table


class Command(BaseCommand):
    help = "Measure transfers and reads, each beside a reference in the same run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quick", action="store_true", help="a small run, under half a minute")
        parser.add_argument("--seconds", type=float, help="how long each load runs (6)")
        parser.add_argument("--entries", type=int, help="entries in the large ledger that is read (1000000)")
        parser.add_argument("--write", action="store_true", help="write figures and machine to docs/performance.md")
        parser.add_argument("--only", action="append", choices=NAMES, help="only this measure; may be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("The bench is not for production.")
        try:
            self._bench(_options(options), writes=options["write"])
        except BenchError as error:
            raise CommandError(str(error)) from error
        except (PyMongoError, DatabaseError) as error:
            first = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise CommandError(f"The database failed during the bench: {first}") from error

    def _bench(self, options: Options, *, writes: bool) -> None:
        page = Path(settings.BASE_DIR) / "docs" / "performance.md"
        if writes:
            page_check(page)
        found, on = measure(options, self._progress), machine()
        self.stdout.write("\n" + "\n".join(f"{name}: {value}" for name, value in on.items()))
        self.stdout.write(f"\n{text_table(found)}")
        if writes:
            page_write(page, found, on, chart(found))

    def _progress(self, line: str) -> None:
        self.stdout.write(f"  {line}")
        self.stdout.flush()


def _options(given: dict[str, Any]) -> Options:
    """Return what the command line asks for.

    Raises:
        CommandError: it asks for something that cannot be measured, or for half a page.
    """
    if given["write"] and (given["quick"] or given["only"]):
        raise CommandError("--write is for the whole bench: leave --quick and --only out.")
    if given["seconds"] is not None and not LEAST_SECONDS <= given["seconds"] <= MOST_SECONDS:
        raise CommandError(f"--seconds must be {LEAST_SECONDS} to {MOST_SECONDS}.")
    if given["entries"] is not None and not LEAST_ENTRIES <= given["entries"] <= MOST_ENTRIES:
        raise CommandError(f"--entries must be {LEAST_ENTRIES} to {MOST_ENTRIES}.")
    wanted = {name: given[name] for name in ("seconds", "entries") if given[name] is not None}
    if given["only"]:
        wanted["names"] = tuple(given["only"])
    return replace(QUICK if given["quick"] else Options(), **wanted)
