"""`manage.py demo`: fill the bank with the demo's people and payments."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from banking import demo


class Command(BaseCommand):
    help = "Fill the bank with a dozen people and half a year of payments; does nothing when that is done."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("The demo's passwords are public; it is not for production.")
        if demo.is_filled():
            self.stdout.write("The bank has its people; nothing to fill in.")
            return
        began = time.monotonic()
        demo.fill(lambda line: self.stdout.write(f"  {line} ({time.monotonic() - began:.1f} s)"))
