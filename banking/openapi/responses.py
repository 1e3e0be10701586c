"""The headers of answers."""

from collections.abc import Iterable

from drf_spectacular.utils import OpenApiParameter

from banking.openapi.describe import Description
from banking.openapi.shapes import Shape, number, text
from config.request_ids import HEADER

_AGAIN = (429, 503)
_LIMITS = {
    "Limit": number(500, "Requests in 15 minutes, of the limit that is closest."),
    "Remaining": number(499, "How many of them are left."),
    "Reset": number(900, "Seconds until they are counted anew."),
}


def header_parameters(told: Description, statuses: set[int]) -> list[OpenApiParameter]:
    """Return the headers that the answers of these statuses have."""
    headers = [
        _header(HEADER, text("5f0b6a1c05d34f8b8a1c0764b7f0c2a9", "Names the request in the bank's logs."), statuses)
    ]
    headers.append(_header("Retry-After", number(1, "Seconds until it is worth asking again.", minimum=1), _AGAIN))
    headers += [_header(f"RateLimit-{name}", shape, statuses, needed=False) for name, shape in _LIMITS.items()]
    if 401 in statuses:
        headers.append(_header("WWW-Authenticate", text('Bearer realm="florin"'), [401]))
    if told.is_replayable:
        told_again = text("true", "The transfer had been made before; this is its answer again.")
        headers.append(_header("Idempotent-Replayed", told_again, [200]))
    if told.sets_cookie:
        headers.append(_header("Set-Cookie", text("florin_token=…; HttpOnly; SameSite=Strict"), told.answers))
    return headers


def _header(name: str, shape: Shape, statuses: Iterable[int], *, needed: bool = True) -> OpenApiParameter:
    return OpenApiParameter(
        name,
        shape,
        OpenApiParameter.HEADER,
        response=sorted(statuses),
        required=needed,
    )
