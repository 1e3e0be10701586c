"""`manage.py make_checkpoint_key`: make the pair of keys that signs and checks checkpoints."""

from typing import Any

from django.core.management.base import BaseCommand

from ledger.signing import PrivateKey, PublicKey, key_make


class Command(BaseCommand):
    help = "Make a pair of keys for checkpoints and print both as settings; nothing is kept here."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        private = key_make()
        public = PrivateKey(private).public_text
        self.stderr.write("The first is secret and for the worker alone; publish the second.")
        self.stdout.write(f"CHECKPOINT_KEY={private}")
        self.stdout.write(f"CHECKPOINT_PUBLIC_KEYS={public}")
        self.stderr.write(f"The public key's id is {PublicKey(public).id}.")
