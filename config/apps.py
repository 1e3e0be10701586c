"""App configurations of the project itself, and of Django's own apps with MongoDB's kind of key."""

from django.apps import AppConfig
from django.contrib.auth.apps import AuthConfig as DjangoAuthConfig
from django.contrib.contenttypes.apps import ContentTypesConfig as DjangoContentTypesConfig


class AuthConfig(DjangoAuthConfig):
    default_auto_field = "django_mongodb_backend.fields.ObjectIdAutoField"


class ContentTypesConfig(DjangoContentTypesConfig):
    default_auto_field = "django_mongodb_backend.fields.ObjectIdAutoField"


class FlorinConfig(AppConfig):
    """The project as an app, so that its system checks are registered and every process is observed alike."""

    name = "config"
    label = "florin"

    def ready(self) -> None:
        from config import checks, checks_mail, checks_observing  # noqa: F401 - importing registers the checks
        from config.database_watch import watch_commands
        from config.tracing import tracing_start

        tracing_start()
        # Before the first client is made, which takes its listeners along.
        watch_commands()
