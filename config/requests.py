"""What a request must be before Django reads it: in UTF-8, and of a known length.

Django believes the charset of a Content-Type header, also for query strings and with codecs that are no text at all
(`hex`), and takes a body without a length for an empty one. Both are put right here, below Django, where nothing has
been read yet.
"""

import io
import re
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

_CHARSET = re.compile(r";\s*charset\s*=[^;]*", re.IGNORECASE)


def plain_requests(application: Application) -> Application:
    """Wrap a WSGI application so that every request it sees is in UTF-8 and has a length."""

    def guarded(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "charset" in environ.get("CONTENT_TYPE", "").lower():
            environ["CONTENT_TYPE"] = _CHARSET.sub("", environ["CONTENT_TYPE"])
        if environ.get("HTTP_TRANSFER_ENCODING") and not environ.get("CONTENT_LENGTH"):
            _measure(environ)
        return application(environ, start_response)

    return guarded


def _measure(environ: Environ) -> None:
    """Read a body that came in chunks, up to one byte more than is allowed, and give it its length."""
    limit = (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) + 1
    body = bytearray()
    while len(body) < limit:
        chunk = environ["wsgi.input"].read(limit - len(body))
        if not chunk:
            break
        body += chunk
    environ["wsgi.input"] = io.BytesIO(bytes(body))
    environ["CONTENT_LENGTH"] = str(len(body))
