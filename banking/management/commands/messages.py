"""Collect the texts of pages and e-mails, and compile their translations (docs/translating.md)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from banking.catalogue import catalogue_updated, catalogue_write, languages, untranslated


class Command(BaseCommand):
    """Bring the catalogue of each language up to date, and say what has no translation yet."""

    requires_system_checks = ()
    help = "Collects the texts of pages and e-mails, and compiles their translations."

    def handle(self, *args: Any, **options: Any) -> None:
        missing = []
        for language in languages():
            catalogue = catalogue_updated(language)
            catalogue_write(catalogue, language)
            missing += [f"{language}: {message.id}" for message in untranslated(catalogue)]
            self.stdout.write(f"{language}: {len(catalogue)} texts")
        if missing:
            raise CommandError("Without a translation:\n" + "\n".join(missing))
