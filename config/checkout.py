"""What a checkout makes up for its bank, so that `make run` needs no settings: keys, environment, users and roles.

Everything that has to be kept is in the data folder, each secret in a file that only its owner can read.
"""

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from config.children import BASE_DIR
from config.embedded_access import Uris
from config.kept import kept_secret
from config.preflight import RunError
from config.uris import ADMIN_URI, CHECKPOINT_KEY, OWNER_URI
from ledger.signing import KeyInvalid, PrivateKey, key_make


def data_folder() -> Path:
    """Return the folder of everything this checkout keeps: the database and the secret key."""
    return Path(os.environ.get("DATA_DIR") or BASE_DIR / ".data").resolve()


def environment(*, is_embedded: bool) -> dict[str, str]:
    """Return what the settings need and the environment does not say, for a developer's machine."""
    defaults = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "FLORIN_ENV": "development",
        "DATA_DIR": str(data_folder()),
    }
    if is_embedded:
        defaults["OPENING_BALANCE"] = "1-10000"
    missing = {name: value for name, value in defaults.items() if not os.environ.get(name)}
    if not os.environ.get("SECRET_KEY"):
        missing["SECRET_KEY"] = kept_key("secret_key", lambda: secrets.token_urlsafe(64))
    if not os.environ.get(CHECKPOINT_KEY):
        missing[CHECKPOINT_KEY] = kept_key("checkpoint_key", key_make)
    if not os.environ.get("CHECKPOINT_PUBLIC_KEYS"):
        # What cannot be read is refused by the system checks, which say why.
        with contextlib.suppress(KeyInvalid):
            private = PrivateKey(os.environ.get(CHECKPOINT_KEY) or missing[CHECKPOINT_KEY])
            missing["CHECKPOINT_PUBLIC_KEYS"] = private.public_text
    return missing


def kept_key(name: str, make: Callable[[], str]) -> str:
    """Return a key of this checkout, made at the first start and readable by its owner alone.

    Args:
        name: of its file in the data folder.
        make: returns a new one.

    Raises:
        RunError: the data folder cannot be written.
    """
    file = data_folder() / name
    try:
        return kept_secret(file, make)
    except OSError as error:
        raise RunError(f"A key cannot be kept in {file}: {error.strerror}.") from error


def prepare_metrics() -> None:
    """Have the web processes count together, in files of the data folder, unless the environment names others.

    Raises:
        RunError: the folder cannot be written.
    """
    from config.metric_files import FOLDER, folder_prepare

    if os.environ.get(FOLDER):
        return
    folder = data_folder() / "metrics"
    try:
        folder_prepare(folder)
    except OSError as error:
        raise RunError(f"Metrics cannot be kept in {folder}: {error.strerror}.") from error
    os.environ[FOLDER] = str(folder)


def sign_in(uris: Uris, *, as_administrator: bool = False) -> None:
    """Put into the environment who this process and its children are for the database."""
    os.environ.update({"MONGODB_URI": uris.app, OWNER_URI: uris.owner})
    if as_administrator:
        os.environ[ADMIN_URI] = uris.admin


def roles_make(uris: Uris) -> None:
    """Make the roles and users of the bank's database in the embedded one.

    Raises:
        RunError: the database refuses.
    """
    from django.conf import settings

    from config.roles import RolesRefused, roles_apply

    name = settings.DATABASES["default"]["NAME"]
    try:
        roles_apply(database=name, admin_uri=uris.admin, app_uri=uris.app, owner_uri=uris.owner)
    except RolesRefused as error:
        raise RunError(str(error)) from error


def pending_migrations() -> int:
    """Return how many migrations the database still lacks."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
