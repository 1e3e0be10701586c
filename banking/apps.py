"""Banking as a Django app; it listens to what people do, for the audit log."""

from django.apps import AppConfig
from django.db.models.signals import pre_migrate


class BankingConfig(AppConfig):
    name = "banking"

    def ready(self) -> None:
        from banking import audit
        from banking.backup.marker import command_refuse_unfinished

        audit.listen()
        # Sent for every app with models, and of whatever app: once is enough to stop.
        pre_migrate.connect(command_refuse_unfinished)
