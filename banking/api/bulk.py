"""`/api/transactions/bulk`: up to 1,000 transfers in one request.

A thousand lines are read by plain functions: a serializer for each would take longer than the ledger does. What they
refuse, and in which words, is the same as for a single transfer.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from bson.objectid import ObjectId
from rest_framework.request import Request
from rest_framework.response import Response

from banking import limits
from banking.api.render import failure_body, transaction_body
from banking.api.views import ApiView
from banking.errors import TRY_AGAIN_SECONDS, FieldsInvalid, JsonInvalid, failure_of
from banking.services.bulk import LineAnswer, Payment, transfers_send
from ledger.records import TRANSFER
from ledger.rules import Outcome
from ledger.transfers import MAX_BULK

_REQUIRED = "This field is required."
_NOT_TEXT = "This must be a text."
_NOT_ACCOUNT = "This is not an account id."
_LONGEST_TEXT = 1_000


class BulkView(ApiView):
    strict_group = limits.TRANSFER

    def post(self, request: Request) -> Response:
        lines = [line_read(item) for item in lines_of(request.data)]
        answers = transfers_send(user=self.user, lines=lines, origin=self.origin)
        results = [_result(index, answer) for index, answer in enumerate(answers)]
        body = {"success": True, "summary": _summary(results), "results": results}
        again = any(result["status"] == 503 for result in results)
        return Response(body, headers={"Retry-After": str(TRY_AGAIN_SECONDS)} if again else None)


def lines_of(data: Any) -> list[Any]:
    """Return the lines of a bulk request.

    Raises:
        JsonInvalid: the body is not a JSON object.
        FieldsInvalid: `transactions` is not a list of 1 to MAX_BULK lines.
    """
    if not isinstance(data, dict):
        raise JsonInvalid
    if "transactions" not in data:
        raise FieldsInvalid({"transactions": [_REQUIRED]})
    lines = data["transactions"]
    if not isinstance(lines, list) or not 1 <= len(lines) <= MAX_BULK:
        raise FieldsInvalid({"transactions": [f"This must be a list of 1 to {MAX_BULK} transfers."]})
    return lines


def line_read(item: Any) -> Payment | FieldsInvalid:
    """Return a line with its account ids read, or what is wrong with it.

    Amount, key, note and type go to the ledger as they are, which has the rules for them; here they only must not be
    of a kind that no field takes.
    """
    if not isinstance(item, dict):
        return FieldsInvalid({"transaction": ["This must be an object."]})
    sender, receiver = _account_id(item.get("fromAccount")), _account_id(item.get("toAccount"))
    note, type, key = item.get("note", ""), item.get("type", TRANSFER), item.get("idempotencyKey")
    texts = _is_text(note) and _is_text(type) and _is_text(key)
    if sender is None or receiver is None or "amount" not in item or not texts:
        return FieldsInvalid(_errors(item))
    return Payment(sender, receiver, item["amount"], key, note, type)


def _account_id(value: Any) -> ObjectId | None:
    return ObjectId(value) if isinstance(value, str) and len(value) == 24 and ObjectId.is_valid(value) else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT


def _errors(item: dict[str, Any]) -> dict[str, list[str]]:
    """Say all that is wrong with a line, which is only worked out when something is."""
    required = ("fromAccount", "toAccount", "amount", "idempotencyKey")
    errors = {name: [_REQUIRED] for name in required if name not in item}
    for name in ("fromAccount", "toAccount"):
        if name in item and _account_id(item[name]) is None:
            errors[name] = [_NOT_ACCOUNT]
    for name in ("idempotencyKey", "note", "type"):
        if name in item and not _is_text(item[name]):
            errors[name] = [
                f"This can have at most {_LONGEST_TEXT} characters." if isinstance(item[name], str) else _NOT_TEXT
            ]
    return errors


def _result(index: int, answer: LineAnswer) -> dict[str, Any]:
    """A line's answer as it would have been alone, with the status that it would have had."""
    if isinstance(answer, Outcome):
        return {
            "index": index,
            "success": True,
            "status": 200 if answer.replayed else 201,
            "replayed": answer.replayed,
            "transaction": transaction_body(answer.transaction),
        }
    failure = failure_of(answer)
    return {"index": index, "status": failure.status, "replayed": False, **failure_body(failure)}


def _summary(results: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Count what became of the lines; the four kinds add up to the total."""
    statuses = Counter(result["status"] for result in results)
    executed, replayed, again = statuses[201], statuses[200], statuses[503]
    refused = len(results) - executed - replayed - again
    return {
        "total": len(results),
        "executed": executed,
        "replayed": replayed,
        "refused": refused,
        "tryAgain": again,
    }
