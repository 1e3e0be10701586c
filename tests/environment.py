"""The environment that the tests and every process they start run in.

Settings are read when pytest starts, so this stands ready before they are: `tests.settings` asks for it. Variables
of the developer's own shell are put aside, or a test run could meet another database or other limits than in CI.
"""

import os

from config.embedded import free_port, uri_of

PREPARED = "FLORIN_TESTS_PREPARED"
OWN_DATABASE = "TEST_MONGODB_URI"
_VARIABLES = (
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "CURRENCIES",
    "DATA_DIR",
    "DEBUG",
    "DEFAULT_CURRENCY",
    "DEMO",
    "HOST",
    "LOG_LEVEL",
    "OPENING_BALANCE",
    "PASSWORD",
    "PORT",
    "SECRET_KEY",
    "SECURE_SSL_REDIRECT",
    "THREADS",
    "TRANSFER_CAP",
    "TRANSFER_DEADLINE_SECONDS",
    "TRUSTED_PROXIES",
    "VERIFICATION_ROUND_SECONDS",
    "VERIFICATION_STEP_ENTRIES",
    "VERIFICATION_STEP_SECONDS",
    "WORKERS",
)
_ENVIRONMENT = {
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright runs an event loop in the thread of the test
    "DJANGO_SETTINGS_MODULE": "tests.settings",
    "FLORIN_ENV": "test",
    "LOG_LEVEL": "WARNING",
    "MONGODB_DATABASE": "florin",
    "RATE_LIMIT_API": "off",
    "RATE_LIMIT_STRICT": "off",
}


def prepare() -> None:
    """Set the environment up once; the workers and servers of a test run inherit it as it is."""
    if PREPARED in os.environ:
        return
    for name in _VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(_ENVIRONMENT)
    os.environ["MONGODB_URI"] = os.environ.get(OWN_DATABASE) or uri_of(free_port())
    os.environ[PREPARED] = str(os.getpid())


def prepared_names() -> set[str]:
    """Return the variables that `prepare` sets, for tests that start something in a plain environment."""
    return {*_ENVIRONMENT, "MONGODB_URI", PREPARED}


def is_own_database() -> bool:
    """Whether the test run uses a database that somebody else runs."""
    return bool(os.environ.get(OWN_DATABASE))
