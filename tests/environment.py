"""The environment that the tests and every process they start run in.

Settings are read when pytest starts, so this stands ready before they are: `tests.settings` asks for it. Variables
of the developer's own shell are put aside, or a test run could meet another database or other limits than in CI.

Tests live under the law of production: they sign in with the role of the application, on a database and with a user of
their worker's own, and migrations with that of the owner (`config.roles`).
"""

import os
import secrets

from config.embedded import free_port
from config.embedded_access import Passwords, uris_of
from config.uris import DatabaseUser, uri_with, user_of

PREPARED = "FLORIN_TESTS_PREPARED"
OWN_DATABASE = "TEST_MONGODB_URI"
ADMIN_URI = "FLORIN_TESTS_ADMIN_URI"
_VARIABLES = (
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "CURRENCIES",
    "DATA_DIR",
    "DEBUG",
    "DEFAULT_CURRENCY",
    "DEFAULT_FROM_EMAIL",
    "DELIVERY_THREADS",
    "DEMO",
    "HOST",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "METRICS_ALLOWED",
    "MONGODB_ADMIN_URI",
    "OPENING_BALANCE",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_SERVICE_NAME",
    "PASSWORD",
    "PORT",
    "PROMETHEUS_MULTIPROC_DIR",
    "SECRET_KEY",
    "SECURE_SSL_REDIRECT",
    "SLOW_DATABASE_MS",
    "THREADS",
    "TRANSFER_CAP",
    "TRANSFER_DEADLINE_SECONDS",
    "TRUSTED_PROXIES",
    "VERIFICATION_ROUND_SECONDS",
    "VERIFICATION_STEP_ENTRIES",
    "VERIFICATION_STEP_SECONDS",
    "WATCH_DATABASE",
    "WORKERS",
)
_ENVIRONMENT = {
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright runs an event loop in the thread of the test
    "DJANGO_SETTINGS_MODULE": "tests.settings",
    "EMAIL_URL": "memorymail://",
    "FLORIN_ENV": "test",
    "LOG_LEVEL": "WARNING",
    "MONGODB_DATABASE": "florin",
    "RATE_LIMIT_API": "off",
    "RATE_LIMIT_STRICT": "off",
    "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",  # the receivers of the tests are servers on this machine
}


def prepare() -> None:
    """Set the environment up once for each worker; the servers that it starts inherit it as it is."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    if PREPARED not in os.environ:
        for name in _VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(_ENVIRONMENT)
        os.environ[ADMIN_URI] = os.environ.get(OWN_DATABASE) or uris_of(free_port(), Passwords.random()).admin
    if os.environ.get(PREPARED) != worker:
        os.environ["MONGODB_URI"] = _uri_of_worker(f"florin_app_{worker}")
        os.environ["MONGODB_OWNER_URI"] = _uri_of_worker(f"florin_owner_{worker}")
        os.environ[PREPARED] = worker


def prepared_names() -> set[str]:
    """Return the variables that `prepare` sets, for tests that start something in a plain environment."""
    return {*_ENVIRONMENT, "MONGODB_URI", "MONGODB_OWNER_URI", ADMIN_URI, PREPARED}


def is_own_database() -> bool:
    """Whether the test run uses a database that somebody else runs."""
    return bool(os.environ.get(OWN_DATABASE))


def has_users() -> bool:
    """Whether the database asks for a password; a developer's own may not, and then has no roles either."""
    return user_of(os.environ[ADMIN_URI]) is not None


def _uri_of_worker(name: str) -> str:
    """Return the connection string of a user whom `tests.database` makes."""
    admin = os.environ[ADMIN_URI]
    return uri_with(admin, DatabaseUser(name, secrets.token_urlsafe())) if has_users() else admin
