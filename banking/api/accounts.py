"""`/api/accounts`: opening accounts and reading balances."""

from rest_framework.request import Request
from rest_framework.response import Response

from banking.access import account_get_for_user, accounts_of_user
from banking.api.query import moment_read
from banking.api.render import account_body, time_text
from banking.api.serializers import AccountInput
from banking.api.views import ApiView, body_of
from banking.openapi import queries
from banking.openapi.describe import described
from banking.services.customers import account_open
from ledger.errors import AccountExists, AccountNotFound, CurrencyNotOffered
from ledger.history import balance_at
from ledger.money import format_plain


class AccountsView(ApiView):
    @described("List own accounts", answers={200: ("AccountList", "All of them, closed ones too.")})
    def get(self, request: Request) -> Response:
        accounts = [account_body(account) for account in accounts_of_user(self.user)]
        return Response({"success": True, "accounts": accounts})

    @described(
        "Open an account",
        AccountInput,
        example={"currency": "INR"},
        answers={201: ("AccountAnswer", "Opened.")},
        errors=(CurrencyNotOffered, AccountExists),
        note="One in each currency; without one it is the bank's default currency.",
    )
    def post(self, request: Request) -> Response:
        currency = body_of(request, AccountInput).get("currency")
        account = account_open(user=self.user, currency=currency, origin=self.origin)
        return Response({"success": True, "account": account_body(account)}, status=201)


class BalanceView(ApiView):
    @described(
        "Read a balance",
        answers={200: ("Balance", "The balance now, or at the time asked for.")},
        errors=(AccountNotFound,),
        parameters=(queries.AT,),
        who="owner",
    )
    def get(self, request: Request, account_id: str) -> Response:
        account = account_get_for_user(user=self.user, account_id=account_id)
        at = moment_read(request, "at")
        balance_minor = account.balance_minor if at is None else balance_at(account=account, at=at)
        body = {
            "success": True,
            "accountId": str(account.id),
            "currency": account.currency,
            "balance": format_plain(balance_minor, account.currency),
        }
        return Response(body if at is None else {**body, "at": time_text(at)})
