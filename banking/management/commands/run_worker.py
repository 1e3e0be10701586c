"""`manage.py run_worker`: relay events, make deliveries, and do what comes round again and again."""

import os
import signal
from argparse import ArgumentParser
from threading import Event as Flag
from types import FrameType
from typing import Any

import structlog
from django.core.management.base import BaseCommand

from banking.worker import work, work_once

_log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = "Work in the background until SIGTERM: relay events, deliver notifications, e-mails and webhooks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due now and end, for a timer such as cron")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Flag()

        def end(number: int, frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        if options["once"]:
            self.stdout.write(f"{work_once(stop):,} events relayed; what was due has been tried.")
            return
        _log.info("worker_started", pid=os.getpid())
        in_order = work(stop)
        _log.info("worker_stopped", in_order=in_order)
