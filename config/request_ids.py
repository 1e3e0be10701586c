"""The id of what is being done: of a request, of a command, of a step of a job in the background.

It stands in every log line, in the audit records and in the answer's `X-Request-ID`, so that what belongs together is
found together. A reverse proxy may bring one; from anybody else it is not taken, or a stranger could mix his requests
with those of others.
"""

import contextlib
import re
from collections.abc import Iterator
from uuid import uuid4

from structlog.contextvars import bound_contextvars, get_contextvars

HEADER = "X-Request-ID"
_FIELD = "request_id"
_ACCEPTED = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)


def request_id() -> str:
    """Return the id of what this thread is doing; empty when nothing has been given one."""
    return str(get_contextvars().get(_FIELD) or "")


def request_id_from(given: str, *, is_trusted: bool) -> str:
    """Return the id that a trusted proxy has given, or a new one."""
    return given if is_trusted and _ACCEPTED.fullmatch(given) else uuid4().hex


@contextlib.contextmanager
def request_id_bound(id_: str = "") -> Iterator[str]:
    """Do what follows, in this thread, under one id.

    Args:
        id_: a new one when empty.
    """
    id_ = id_ or uuid4().hex
    with bound_contextvars(**{_FIELD: id_}):
        yield id_
