"""`/api/transactions` and `/transfer`: moving money and reading what became of it."""

from uuid import uuid4

from rest_framework.request import Request
from rest_framework.response import Response

from banking import limits
from banking.access import account_get_for_user, transaction_id_read
from banking.api.orders import funding_read, transaction_read, transfer_read
from banking.api.query import entry_filter_read, limit_read, page_read
from banking.api.render import history_body, transaction_body
from banking.api.views import ApiView, key_of, required_key_of
from banking.errors import FieldsInvalid, NotAllowed
from banking.names import names_of_accounts
from banking.openapi import queries
from banking.openapi.describe import described
from banking.services.payments import funding_send, transfer_send
from ledger import errors
from ledger.history import entries_page, transaction_by_key, transactions_by_ids
from ledger.receipts import signed_receipt
from ledger.rules import Outcome
from ledger.transfers import key_check

# What every order to move money can be refused with.
MOVING = (
    errors.AmountInvalid,
    errors.AccountNotFound,
    errors.IdempotencyKeyReused,
    errors.TransactionInProgress,
    errors.RetryLimitExceeded,
    errors.TransferRefused,
)
_MOVED = {201: ("TransferDone", "Executed."), 200: ("TransferDone", "The key had been executed; its answer again.")}


class TransactionsView(ApiView):
    strict_group = limits.TRANSFER

    @described(
        "Send money",
        "TransferOrder",
        answers=_MOVED,
        errors=(*MOVING, errors.SameAccount),
        parameters=(queries.KEY_HEADER,),
        who="owner",
        note="The key stands in the body or in the header. Whatever happens, the same request again is safe.",
        is_replayable=True,
    )
    def post(self, request: Request) -> Response:
        order = transaction_read(request)
        outcome = transfer_send(
            user=self.user,
            from_account=order.from_account,
            to_account=order.to_account,
            amount=order.amount,
            key=required_key_of(request, order.key),
            note=order.note,
            type=order.type,
            origin=self.origin,
        )
        return _executed(outcome, "The money has been sent.")


class FundingView(ApiView):
    strict_group = limits.TRANSFER

    @described(
        "Fund an account",
        "FundingOrder",
        answers=_MOVED,
        errors=(*MOVING, NotAllowed),
        parameters=(queries.KEY_HEADER,),
        who="system user",
        note="Money from the bank itself.",
        is_replayable=True,
    )
    def post(self, request: Request) -> Response:
        order = funding_read(request)
        outcome = funding_send(
            user=self.user,
            to_account=order.to_account,
            amount=order.amount,
            key=required_key_of(request, order.key),
            note=order.note,
            origin=self.origin,
        )
        return _executed(outcome, "The account has been funded.")


class TransferView(ApiView):
    """The small contract; without a key in the header the server makes one, and a retry is a new transfer."""

    strict_group = limits.TRANSFER

    @described(
        "Send money, the small contract",
        "SmallTransferOrder",
        answers={
            201: ("SmallTransferDone", "Executed."),
            200: ("SmallTransferDone", "The key had been executed; its answer again."),
        },
        errors=(*MOVING, errors.SameAccount),
        parameters=(queries.KEY_HEADER,),
        who="owner",
        note="Without a key in the header the server makes one, and a retry is then a new transfer.",
        is_replayable=True,
    )
    def post(self, request: Request) -> Response:
        order = transfer_read(request)
        outcome = transfer_send(
            user=self.user,
            from_account=order.from_account,
            to_account=order.to_account,
            amount=order.amount,
            key=key_of(request, None) or uuid4().hex,
            origin=self.origin,
        )
        body = {"success": True, "newBalance": transaction_body(outcome.transaction)["newBalance"]}
        return _marked(Response(body, status=200 if outcome.replayed else 201), outcome)


class HistoryView(ApiView):
    @described(
        "Read the history of an account",
        answers={200: ("History", "Entries, newest first.")},
        errors=(errors.AccountNotFound, errors.CursorInvalid),
        parameters=(*queries.PAGED, queries.FROM, queries.TO, queries.DIRECTION, *queries.AMOUNTS, queries.WORDS),
        who="owner",
        note="A cursor does not drift when something is added, and costs the same at any depth.",
    )
    def get(self, request: Request, account_id: str) -> Response:
        account = account_get_for_user(user=self.user, account_id=account_id)
        limit, cursor = limit_read(request), request.query_params.get("cursor") or None
        number = None if cursor else page_read(request)
        filters = entry_filter_read(request, account.currency)
        page = entries_page(account=account, page=number, cursor=cursor, limit=limit, filters=filters)
        transactions = transactions_by_ids([entry.transaction for entry in page.entries])
        names = names_of_accounts(entry.counterparty for entry in page.entries)
        return Response(history_body(page=page, number=number, limit=limit, transactions=transactions, names=names))


class ReceiptView(ApiView):
    """A receipt that proves itself; `docs/proof.md` says how it is checked."""

    @described(
        "Get a signed receipt",
        answers={200: ("ReceiptAnswer", "A file that is checked without the bank.")},
        errors=(
            errors.AccountNotFound,
            errors.TransactionNotFound,
            errors.ReceiptNotReady,
            errors.ReceiptNotProved,
        ),
        who="owner",
        note="receipt_not_ready until a checkpoint covers the transfer, within a minute.",
    )
    def get(self, request: Request, account_id: str, transaction_id: str) -> Response:
        account = account_get_for_user(user=self.user, account_id=account_id)
        receipt = signed_receipt(account=account, transaction_id=transaction_id_read(transaction_id))
        return Response({"success": True, "receipt": receipt})


class ByKeyView(ApiView):
    @described(
        "Ask what became of a key",
        answers={200: ("TransactionAnswer", "The transfer that has the key, whatever became of it.")},
        errors=(FieldsInvalid, errors.AccountNotFound, errors.TransactionNotFound),
        who="owner",
        note="After a timeout. 404 transaction_not_found is final: nothing is recorded under the key.",
    )
    def get(self, request: Request, account_id: str, key: str) -> Response:
        account = account_get_for_user(user=self.user, account_id=account_id)
        transaction = transaction_by_key(account=account, key=key_check(key))
        return Response({"success": True, "transaction": transaction_body(transaction)})


def _executed(outcome: Outcome, message: str) -> Response:
    text = "This transfer had been made before; here is its answer again." if outcome.replayed else message
    body = {"success": True, "message": text, "transaction": transaction_body(outcome.transaction)}
    return _marked(Response(body, status=200 if outcome.replayed else 201), outcome)


def _marked(response: Response, outcome: Outcome) -> Response:
    if outcome.replayed:
        response["Idempotent-Replayed"] = "true"
    return response
