"""Banking as a Django app; it listens to what people do, for the audit log."""

from django.apps import AppConfig


class BankingConfig(AppConfig):
    name = "banking"

    def ready(self) -> None:
        from banking import audit

        audit.listen()
