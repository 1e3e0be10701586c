"""`manage.py migrate`, with the credentials that may change the form of what is stored."""

from typing import Any

from django.core.management.commands.migrate import Command as DjangoCommand

from config.owner import as_owner


class Command(DjangoCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            super().handle(*args, **options)
