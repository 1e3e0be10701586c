"""`manage.py export_checkpoint`: print the last signed checkpoint, to be kept where the database is not."""

import base64
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger.checkpoints import checkpoint_latest


class Command(BaseCommand):
    help = "Print the last checkpoint as JSON. Keep it outside: `verify_ledger --checkpoint FILE` compares with it."

    def handle(self, *args: Any, **options: Any) -> None:
        checkpoint = checkpoint_latest()
        if checkpoint is None:
            raise CommandError("There is no checkpoint yet; the worker makes one when it has a key and money moves.")
        signature = base64.b64encode(checkpoint.signature).decode()
        self.stdout.write(json.dumps({"checkpoint": checkpoint.statement, "signature": signature}, indent=1))
