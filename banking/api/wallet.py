"""`/api/v1`: the small contract of wallet apps, which think in people instead of accounts.

The same services as everywhere, behind shorter answers: what went well is a 200, and what the rules refuse a 400 with
a message. Whoever has several accounts pays from the main one, and is paid on the one in the payer's currency.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

from bson.objectid import ObjectId
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import EmailTaken, InvalidCredentials
from accounts.models import EMAIL_LENGTH
from accounts.tokens import pair_issue
from banking import limits
from banking.access import main_account_get, main_currency
from banking.api.auth import AuthView, sign_in
from banking.api.failures import answer_of
from banking.api.orders import wallet_read
from banking.api.people import profile_put
from banking.api.query import words_read
from banking.api.serializers import ProfileInput, WalletSignInInput, WalletSignUpInput
from banking.api.transactions import MOVING
from banking.api.views import ApiView, body_of, key_of
from banking.errors import Failure, PayeeInvalid, failure_of
from banking.openapi import queries
from banking.openapi.describe import described
from banking.openapi.samples import PASSWORD_SAMPLE
from banking.origin import origin_of
from banking.selectors.people import people_found
from banking.services.customers import customer_register
from banking.services.payments import transfer_send
from ledger.accounts import accounts_of_owner
from ledger.errors import AccountNotFound, SameAccount
from ledger.money import format_plain
from ledger.records import Account

_UNPAYABLE = ("invalid_account", "same_account", "receiver_not_active", "receiver_not_found")
_MESSAGES = {"insufficient_funds": "Insufficient balance", **dict.fromkeys(_UNPAYABLE, "Invalid account")}


def in_its_own_words(failure: Failure) -> Failure:
    """Return a failure as this contract says it: its messages, 400 for what is refused, `username` for the address."""
    return replace(
        failure,
        status=400 if failure.status == 422 else failure.status,
        message=_MESSAGES.get(failure.code, failure.message),
        errors={"username" if name == "email" else name: said for name, said in failure.errors.items()},
        transaction=None,
    )


def wallet_exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """As `banking.api.failures.exception_handler`, in this contract's own words."""
    return answer_of(in_its_own_words(failure_of(error)), error)


class WalletView(ApiView):
    """A view whose errors are in the contract's own words."""

    words = staticmethod(in_its_own_words)

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return wallet_exception_handler


class SignUpView(WalletView, AuthView):
    @described(
        "Sign up, wallet",
        WalletSignUpInput,
        example={
            "username": "olivia@example.com",
            "password": PASSWORD_SAMPLE,
            "firstName": "Olivia",
            "lastName": "Owner",
        },
        answers={200: ("WalletToken", "Signed up, with an account and the opening balance.")},
        errors=(EmailTaken,),
        note="username is the e-mail address.",
    )
    def post(self, request: Request) -> Response:
        fields = body_of(request, WalletSignUpInput)
        user = customer_register(
            email=fields["username"],
            first_name=fields["firstName"],
            last_name=fields["lastName"],
            password=fields["password"],
            origin=origin_of(request._request, None),
        )
        return Response({"message": "User created successfully", "token": pair_issue(user=user).access})


class SignInView(WalletView, AuthView):
    @described(
        "Sign in, wallet",
        WalletSignInInput,
        example={"username": "olivia@example.com", "password": PASSWORD_SAMPLE},
        answers={200: ("WalletToken", "Signed in.")},
        errors=(InvalidCredentials,),
    )
    def post(self, request: Request) -> Response:
        fields = body_of(request, WalletSignInInput)
        user = sign_in(request, email=fields["username"], password=fields["password"])
        return Response({"message": "Signed in successfully", "token": pair_issue(user=user).access})


class ProfileView(WalletView):
    """A new password ends the sign-in that asked, too; so the answer has a new token then."""

    strict_group = limits.AUTH

    @described(
        "Change own profile, wallet",
        ProfileInput,
        example={"firstName": "Olivia"},
        answers={200: ("WalletProfile", "Changed. After a new password also the token that goes on.")},
    )
    def put(self, request: Request) -> Response:
        user, has_new_password = profile_put(request, self.user, self.origin)
        body = {"message": "Updated successfully"}
        return Response({**body, "token": pair_issue(user=user).access} if has_new_password else body)


class PeopleView(WalletView):
    @described(
        "Find people to pay, wallet",
        answers={200: ("WalletPeople", "At most 20.")},
        parameters=(queries.FILTER,),
    )
    def get(self, request: Request) -> Response:
        words = words_read(request, "filter", longest=EMAIL_LENGTH)
        found = people_found(user=self.user, words=words, currency=main_currency(self.user))
        people = [one.user for one in found]
        names = [{"firstName": one.first_name, "lastName": one.last_name, "_id": str(one.pk)} for one in people]
        return Response({"users": names})


class BalanceView(WalletView):
    @described(
        "Read balance, wallet", answers={200: ("WalletBalance", "Of the main account.")}, errors=(AccountNotFound,)
    )
    def get(self, request: Request) -> Response:
        account = main_account_get(self.user)
        return Response({"balance": format_plain(account.balance_minor, account.currency)})


class TransferView(WalletView):
    """Without a key in the header the server makes one, and a retry is a new transfer."""

    strict_group = limits.TRANSFER

    @described(
        "Send money, wallet",
        "WalletTransferOrder",
        answers={200: ("WalletDone", "Executed, now or before.")},
        errors=(*MOVING, SameAccount, PayeeInvalid),
        parameters=(queries.KEY_HEADER,),
        note="Without a key in the header the server makes one, and a retry is then a new transfer.",
    )
    def post(self, request: Request) -> Response:
        to, amount = wallet_read(request)
        payer = main_account_get(self.user)
        outcome = transfer_send(
            user=self.user,
            from_account=payer.id,
            to_account=account_of_payee(to, payer),
            amount=amount,
            key=key_of(request, None) or uuid4().hex,
            origin=self.origin,
        )
        headers = {"Idempotent-Replayed": "true"} if outcome.replayed else None
        return Response({"message": "Transfer successful"}, headers=headers)


def account_of_payee(to: object, payer: Account) -> ObjectId:
    """Return the account on which a person is paid, in whatever state: the ledger judges that, and knows replays.

    Args:
        to: the person's id, as it was sent.
        payer: the account that pays.

    Raises:
        PayeeInvalid: it is nobody's id, or the person has no account in the payer's currency.
    """
    if not isinstance(to, str) or len(to) != 24 or not ObjectId.is_valid(to):
        raise PayeeInvalid
    for account in accounts_of_owner(ObjectId(to)):
        if account.currency == payer.currency:
            return account.id
    raise PayeeInvalid
