"""What all API views share: limits before anything else, one way to read a body and a key."""

from collections.abc import Sequence
from typing import Any, cast

from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.models import User
from banking import limits
from banking.api.render import HEADERS
from banking.errors import FieldsInvalid, JsonInvalid, NotAllowed
from banking.origin import origin_of
from ledger.audit import Origin
from ledger.transfers import key_check


class ApiView(APIView):
    """A view of the API; `strict_group` names the stricter limit it also counts against."""

    strict_group: str | None = None
    # OPTIONS is refused like any other method that an address does not take, and `Allow` must not name it then.
    http_method_names: Sequence[str] = ("get", "head", "post", "put", "patch", "delete")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Count the request before looking at who sends it, for guessing tokens is limited too.

        What an address does not take is told to everybody, as is the address itself.
        """
        limits.hit(request._request, group=limits.API)
        if request.method not in self.allowed_methods:
            self.http_method_not_allowed(request)
        if self.strict_group is not None:
            limits.hit(request._request, group=self.strict_group)
        super().initial(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add what every answer says."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        for name, value in HEADERS.items():
            answer[name] = value
        return answer

    @property
    def user(self) -> User:
        """The person who is signed in; the permission of every view that asks has seen to it."""
        return cast(User, self.request.user)

    @property
    def origin(self) -> Origin:
        return origin_of(self.request._request, self.user)


class AdminView(ApiView):
    """A view for administrators."""

    strict_group = limits.ADMIN
    who = "admin"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not self.user.is_admin:
            raise NotAllowed


def body_of(request: Request, shape: type[Serializer[Any]]) -> dict[str, Any]:
    """Return the body's fields in the shape's form.

    Raises:
        JsonInvalid: there is a body that is not a JSON object.
        ValidationError: a field is missing or has the wrong type.
    """
    data = request.data
    if not isinstance(data, dict):
        raise JsonInvalid
    serializer = shape(data=data)
    serializer.is_valid(raise_exception=True)
    found: dict[str, Any] = serializer.validated_data
    return found


def key_of(request: Request, given: str | None) -> str | None:
    """Return the idempotency key of the body or of the Idempotency-Key header, None without one.

    Raises:
        FieldsInvalid: the two differ.
        RequestInvalid: it is not a key.
    """
    header = request.headers.get("Idempotency-Key")
    if header is not None:
        # The draft standard writes the key as a quoted string.
        header = header.strip()
        header = header[1:-1] if len(header) > 1 and header[0] == header[-1] == '"' else header
    if given is not None and header is not None and given != header:
        raise FieldsInvalid({"idempotencyKey": ["The key in the body and the one in the header differ."]})
    key = given if given is not None else header
    return None if key is None else key_check(key)


def required_key_of(request: Request, given: str | None) -> str:
    """As `key_of`, for a request that must have one."""
    key = key_of(request, given)
    if key is None:
        raise FieldsInvalid({"idempotencyKey": ["This field is required, here or as the Idempotency-Key header."]})
    return key
