"""What has to be right before the bank starts: port, numbers, database; one clear sentence when something is not."""

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from config.embedded import is_free

_UNAUTHORIZED, _AUTHENTICATION_FAILED = 13, 18


class RunError(Exception):
    """The bank cannot run; the message is one sentence for the person at the keyboard."""


class PortTaken(RunError):
    """Somebody listens on the port already."""


@contextlib.contextmanager
def claimed_port(host: str, port: int) -> Iterator[None]:
    """Hold the port for this bank's own web server, so that two starting at once cannot both have it.

    granian listens with SO_REUSEPORT and would share a taken port without a word. Binding without that option is
    refused when anybody is there; setting it afterwards lets our own server in and keeps everybody else out.

    Raises:
        RunError: the port is taken or cannot be had.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as claim:
        try:
            _bind(claim, host, port)
        except OSError as error:
            refused = PortTaken if error.errno == errno.EADDRINUSE else RunError
            raise refused(_why_not_bound(host, port, error)) from error
        if hasattr(socket, "SO_REUSEPORT"):
            claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        yield


def _bind(claim: socket.socket, host: str, port: int) -> None:
    try:
        claim.bind((host, port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        # Perhaps only closed connections of the last run linger there, which this option forgives.
        claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        claim.bind((host, port))


def _why_not_bound(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = next((number for number in range(port + 1000, 65_535, 1000) if is_free(number)), 9000)
        return f"Port {port} is taken by another program; choose another one: PORT={other} make run"
    return f"Nothing can listen on {host}:{port}: {error.strerror or error}."


def whole_number(name: str, *, default: int, highest: int) -> int:
    """Return a number from 1 to `highest` from the environment.

    Raises:
        RunError: the variable holds something else.
    """
    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= highest):
        raise RunError(f"{name} is {text!r}, which is not a whole number from 1 to {highest}.")
    return int(text)


def check_database(uri: str, variable: str = "MONGODB_URI") -> None:
    """See that a connection string leads to a database on which the bank can run.

    Args:
        variable: where the connection string comes from.

    Raises:
        RunError: it does not; the message never shows the address's user and password.
    """
    where = hosts_of(uri, variable)
    try:
        with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=5_000, connectTimeoutMS=5_000) as client:
            hello = client.admin.command("hello")
            client.admin.command("listDatabases", nameOnly=True)  # asks for the rights that `hello` does not need
    except OperationFailure as error:
        if error.code == _AUTHENTICATION_FAILED:
            raise RunError(f"The database at {where} refuses the user or the password of {variable}.") from None
        if error.code == _UNAUTHORIZED:
            raise RunError(f"The database at {where} asks for a password, and {variable} has none.") from None
        raise RunError(f"The database at {where} refuses to serve: error {error.code}.") from None
    except PyMongoError:
        raise RunError(f"No database with a writable primary answers at {where} ({variable}).") from None
    if not (hello.get("setName") or hello.get("msg") == "isdbgrid"):
        raise RunError(
            f"The database at {where} is a lone server; Florin needs a replica set (mongod --replSet) or a cluster."
        )


def hosts_of(uri: str, variable: str = "MONGODB_URI") -> str:
    """Return the hosts of a connection string, without anything secret.

    Raises:
        RunError: it is no connection string.
    """
    try:
        nodes = parse_uri(uri)["nodelist"]
    except (PyMongoError, ConfigurationError, ValueError, UnicodeError):
        raise RunError(f"{variable} is not a connection string (mongodb://host:port/?replicaSet=name).") from None
    return ", ".join(f"{host}:{port}" for host, port in nodes)
