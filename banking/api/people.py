"""`/api/users`: finding people to pay, and changing what is known of oneself."""

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import InvalidFields
from accounts.models import EMAIL_LENGTH, User
from accounts.tokens import pair_issue
from banking import limits
from banking.access import main_currency
from banking.api.authentication import bearer_of, cookie_set
from banking.api.query import words_read
from banking.api.render import found_body, user_body
from banking.api.serializers import ProfileInput
from banking.api.views import ApiView, body_of
from banking.openapi import queries
from banking.openapi.describe import described
from banking.selectors.people import people_found
from banking.services.customers import customer_change
from ledger.audit import Origin


class PeopleView(ApiView):
    @described(
        "Find people to pay",
        answers={200: ("PeopleFound", "At most 20, and never their balances.")},
        parameters=(queries.FILTER,),
        note="Two letters at least. account is the one to pay in your currency, null when there is none.",
    )
    def get(self, request: Request) -> Response:
        currency = main_currency(self.user)
        words = words_read(request, "filter", longest=EMAIL_LENGTH)
        found = people_found(user=self.user, words=words, currency=currency)
        return Response({"success": True, "users": [found_body(one, currency) for one in found]})


class ProfileView(ApiView):
    """A password can be guessed here too, with a token that was found; so it counts as signing in does."""

    strict_group = limits.AUTH

    @described(
        "Change own profile",
        ProfileInput,
        example={"firstName": "Olivia", "lastName": "Owner"},
        answers={200: ("ProfileAnswer", "Changed. After a new password the tokens that go on, or the cookie.")},
        errors=(InvalidFields,),
        note="A new password comes with the current one, and ends every other sign-in at once.",
    )
    def put(self, request: Request) -> Response:
        user, has_new_password = profile_put(request, self.user, self.origin)
        body = {"success": True, "message": "Your profile is up to date.", "user": user_body(user)}
        if not has_new_password:
            return Response(body)
        return _still_signed_in(request, body, user)


def profile_put(request: Request, user: User, origin: Origin) -> tuple[User, bool]:
    """Change what the body says; return the person and whether the password was changed, which ended the sign-in.

    Raises:
        RateLimited: there were too many attempts at this person's password.
        ValidationError, InvalidFields, InvalidToken: as `body_of` and `banking.services.customers.customer_change`.
    """
    fields = body_of(request, ProfileInput)
    if "password" in fields:
        limits.sign_in_hit(request._request, email=user.email)
    changed = customer_change(
        user=user,
        origin=origin,
        first_name=fields.get("firstName"),
        last_name=fields.get("lastName"),
        password=fields.get("password"),
        current_password=fields.get("currentPassword"),
    )
    return changed, "password" in fields


def _still_signed_in(request: Request, body: dict[str, object], user: User) -> Response:
    """Give whoever asked a sign-in under the new password in the way that theirs came."""
    pair = pair_issue(user=user)
    if bearer_of(request) is not None:
        return Response({**body, "accessToken": pair.access, "refreshToken": pair.refresh})
    response = Response(body)
    cookie_set(response, pair)
    return response
