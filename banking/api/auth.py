"""`/api/auth`: register, sign in and out, refresh, and who I am."""

from django.contrib.auth.signals import user_logged_in, user_logged_out
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import DocumentTaken, EmailTaken, InvalidCredentials, InvalidFields, InvalidToken
from accounts.models import User
from accounts.services import user_authenticate
from accounts.tokens import TokenPair, access_authenticate, pair_issue, pair_refresh, token_revoke
from banking import limits
from banking.api.authentication import bearer_of, cookie_clear, cookie_of, cookie_set, own_origin_check
from banking.api.render import user_body
from banking.api.serializers import LoginInput, RefreshInput, RegisterInput
from banking.api.views import ApiView, body_of
from banking.errors import CrossOrigin, NotSignedIn
from banking.openapi.describe import described
from banking.openapi.samples import PASSWORD_SAMPLE
from banking.origin import origin_of
from banking.services.customers import customer_register


class AuthView(ApiView):
    """A view that people reach without being signed in: a stale token must not keep them from signing in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    strict_group: str | None = limits.AUTH


class RegisterView(AuthView):
    @described(
        "Register",
        RegisterInput,
        example={"email": "olivia@example.com", "name": "Olivia Owner", "password": PASSWORD_SAMPLE},
        answers={201: ("UserAnswer", "Registered, and signed in by cookie. An account is opened on its own.")},
        errors=(EmailTaken, DocumentTaken),
        note="`name`, or `firstName` and `lastName`. A password has six characters at least.",
        sets_cookie=True,
    )
    def post(self, request: Request) -> Response:
        fields = body_of(request, RegisterInput)
        try:
            user = customer_register(
                email=fields["email"],
                first_name=fields["firstName"],
                last_name=fields["lastName"],
                password=fields["password"],
                document=fields.get("document"),
                origin=origin_of(request._request, None),
                with_account=False,
            )
        except InvalidFields as error:
            raise (InvalidFields(_under_name(error.errors)) if "name" in fields else error) from error
        response = Response({"success": True, "user": user_body(user)}, status=201)
        cookie_set(response, pair_issue(user=user))
        return response


def _under_name(errors: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return errors as somebody reads them who has sent one `name` and no parts of it."""
    parts = ("first_name", "last_name")
    said = [sentence for part in parts for sentence in errors.get(part, [])]
    others = {field: sentences for field, sentences in errors.items() if field not in parts}
    return others | ({"name": list(dict.fromkeys(said))} if said else {})


def _pair_response(user: User, pair: TokenPair) -> Response:
    body = {"success": True, "user": user_body(user), "accessToken": pair.access, "refreshToken": pair.refresh}
    response = Response(body)
    cookie_set(response, pair)
    return response


def sign_in(request: Request, *, email: str, password: str) -> User:
    """Return who has this address and this password, and write down that they came.

    Raises:
        RateLimited: there were too many attempts for this address.
        InvalidCredentials: one of the two is wrong.
    """
    asked = request._request
    limits.sign_in_hit(asked, email=email)
    user = user_authenticate(email=email, password=password, request=asked)
    limits.sign_in_remember(asked, email=user.email)
    user_logged_in.send(sender=User, request=asked, user=user)
    return user


class LoginView(AuthView):
    @described(
        "Sign in",
        LoginInput,
        example={"email": "olivia@example.com", "password": PASSWORD_SAMPLE},
        answers={200: ("SignedIn", "Signed in: the tokens for programs, the cookie for browsers.")},
        errors=(InvalidCredentials,),
        note="A wrong e-mail address and a wrong password look the same, and take the same time.",
        sets_cookie=True,
    )
    def post(self, request: Request) -> Response:
        fields = body_of(request, LoginInput)
        user = sign_in(request, email=fields["email"], password=fields["password"])
        return _pair_response(user, pair_issue(user=user))


class RefreshView(AuthView):
    @described(
        "Refresh tokens",
        RefreshInput,
        example={"refreshToken": "eyJhbGciOi…"},
        answers={200: ("SignedIn", "A new pair; the old one is revoked.")},
        errors=(InvalidToken,),
        who="anyone with a refresh token",
        note="Using a revoked refresh token again ends the whole sign-in: somebody may have stolen it.",
        sets_cookie=True,
    )
    def post(self, request: Request) -> Response:
        user, pair = pair_refresh(refresh=body_of(request, RefreshInput)["refreshToken"])
        return _pair_response(user, pair)


class LogoutView(AuthView):
    strict_group = None

    @described(
        "Sign out",
        answers={200: ("Done", "The token that came along, if any, is revoked on every process.")},
        errors=(CrossOrigin,),
        sets_cookie=True,
    )
    def post(self, request: Request) -> Response:
        """Revoke the token that came along, if any, with all of its family."""
        for token in self._tokens(request):
            self._sign_out(request, token)
        response = Response({"success": True, "message": "You are signed out."})
        cookie_clear(response)
        return response

    def _tokens(self, request: Request) -> list[str]:
        cookie = cookie_of(request)
        if cookie is not None:
            own_origin_check(request._request)
        try:
            bearer = bearer_of(request)
        except NotSignedIn:
            bearer = None
        return [token for token in (bearer, cookie) if token is not None]

    def _sign_out(self, request: Request, token: str) -> None:
        try:
            user, _ = access_authenticate(token=token)
        except InvalidToken:
            user = None
        token_revoke(token=token)
        if user is not None:
            user_logged_out.send(sender=User, request=request._request, user=user)


class MeView(ApiView):
    @described("Who am I", answers={200: ("UserAnswer", "The person who is signed in.")})
    def get(self, request: Request) -> Response:
        return Response({"success": True, "user": user_body(self.user)})
