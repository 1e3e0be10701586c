"""`manage.py describe_api`: write what the documentation has from the code."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from banking.api.schema import schema
from banking.openapi.files import API_PAGE, SCHEMA_FILE, page_text, schema_text


class Command(BaseCommand):
    """Write the schema's committed copy and the table of errors; a test holds both against the code."""

    help = f"Writes {SCHEMA_FILE} and the table of errors in {API_PAGE}."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        (settings.BASE_DIR / SCHEMA_FILE).write_text(schema_text(schema()))
        page = settings.BASE_DIR / API_PAGE
        page.write_text(page_text(page.read_text()))
        self.stdout.write(f"Wrote {SCHEMA_FILE} and {API_PAGE}.")
