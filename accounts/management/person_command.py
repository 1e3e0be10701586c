"""What `create_admin` and `create_system_user` share: an address, a name, and a password that is never an argument,
because arguments can be read by everybody on the machine."""

import getpass
import os
import re
import sys
from abc import abstractmethod
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from pymongo.errors import PyMongoError

from accounts.errors import AccountsError, InvalidFields, UserNotFound
from accounts.models import User
from accounts.selectors import user_by_email


class PersonCommand(BaseCommand):
    """Make somebody with a special position, or give it to somebody who is registered."""

    default_first_name: ClassVar[str] = "Florin"
    default_last_name: ClassVar[str]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL", help="the person's e-mail address")
        parser.add_argument("--first-name", default=self.default_first_name, help="of somebody new (%(default)s)")
        parser.add_argument("--last-name", default=self.default_last_name, help="of somebody new (%(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            refuse_unmigrated()
            sentence = self._give(options["email"], options["first_name"], options["last_name"])
        except InvalidFields as error:
            raise CommandError(_all_sentences(error)) from error
        except AccountsError as error:
            raise CommandError(error.message) from error
        except (DatabaseError, PyMongoError) as error:
            reason = re.split("[,(\n]", str(error.__cause__ or error))[0].strip()
            raise CommandError(f"The database does not answer: {reason}") from error
        self.stdout.write(sentence)

    @abstractmethod
    def has_it(self, user: User) -> bool:
        """Tell whether somebody has the position already."""

    @abstractmethod
    def give(self, *, email: str, password: str | None, first_name: str, last_name: str) -> User:
        """Call the service that gives the position."""

    @property
    @abstractmethod
    def position(self) -> str:
        """The position in words, such as `an administrator`."""

    def _give(self, email: str, first_name: str, last_name: str) -> str:
        known = _find(email)
        if known is not None and self.has_it(known):
            return f"{known.email} is already {self.position}; nothing was changed."
        password = None if known else read_password()
        user = self.give(email=email, password=password, first_name=first_name, last_name=last_name)
        kept = " Their name and password stay as they were." if known else ""
        return f"{user.email} is now {self.position}.{kept}"


def refuse_unmigrated() -> None:
    """Refuse to store anybody where no index would keep them unique yet.

    Raises:
        CommandError: migrations of this app are missing.
    """
    executor = MigrationExecutor(connection)
    ours = [node for node in executor.loader.graph.leaf_nodes() if node[0] == User._meta.app_label]
    if executor.migration_plan(ours):
        raise CommandError("The database is not prepared yet; run `python manage.py migrate` first.")


def read_password() -> str:
    """Return the password from the environment's PASSWORD, or ask for it twice.

    Raises:
        CommandError: there is neither a variable nor a terminal, or the two differ.
    """
    if password := os.environ.get("PASSWORD"):
        return password
    if not sys.stdin.isatty():
        raise CommandError("Set the environment variable PASSWORD, or run this in a terminal to be asked for it.")
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise CommandError("The two passwords differ; nothing was changed.")
    return password


def _find(email: str) -> User | None:
    try:
        return user_by_email(email=email)
    except UserNotFound:
        return None


def _all_sentences(error: InvalidFields) -> str:
    return " ".join(f"{name}: {' '.join(sentences)}" for name, sentences in error.errors.items())
