"""`manage.py bench`: one transfer by bare PyMongo, by the service and over HTTP, in one run."""

import os
import platform
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from banking import bench


class Command(BaseCommand):
    help = "Measure a single transfer by bare PyMongo, by the service and over HTTP, in turns in one run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rounds", type=int, default=10, help="turns of each way (10)")
        parser.add_argument("--turn", type=int, default=50, help="transfers in a turn (50)")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("The bench is not for production.")
        rounds, turn = options["rounds"], options["turn"]
        if rounds < 1 or turn < 2:
            raise CommandError("The bench needs at least one round of two transfers.")
        found = bench.measure(rounds=rounds, turn=turn, progress=lambda line: self.stdout.write(f"  {line}"))
        self.stdout.write(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
        self.stdout.write("majority + journal, one client, milliseconds a transfer\n\n")
        self.stdout.write(f"{'way':<14}{'p50':>8}{'p95':>8}{'p99':>8}{'per s':>9}{'rate / bare':>13}")
        for series in found:
            times = "".join(f"{series.milliseconds(percent):>8.2f}" for percent in (50, 95, 99))
            ratio = series.rate / found[0].rate
            self.stdout.write(f"{series.name:<14}{times}{series.rate:>9.0f}{ratio:>13.2f}")
