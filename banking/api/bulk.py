"""`/api/transactions/bulk`: up to 1,000 transfers in one request.

Each line is read as the body of a single transfer is, and refused in the same words.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from banking import limits
from banking.api.orders import Fields
from banking.api.render import failure_body, transaction_body
from banking.api.views import ApiView
from banking.errors import TRY_AGAIN_SECONDS, FieldsInvalid, JsonInvalid, failure_of
from banking.openapi.describe import described
from banking.services.bulk import LineAnswer, Payment, transfers_send
from ledger.records import TRANSFER
from ledger.rules import Outcome
from ledger.transfers import MAX_BULK


class BulkView(ApiView):
    strict_group = limits.TRANSFER

    @described(
        "Send up to 1,000 transfers",
        "BulkOrder",
        answers={200: ("BulkDone", "An answer for each line, in order, whatever became of it.")},
        who="owner",
        note="Each line is decided as a transfer of its own would be. Sending the whole again is safe.",
    )
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
        raise FieldsInvalid({"transactions": ["This field is required."]})
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
    line = Fields(item)
    sender, receiver, amount = line.account("fromAccount"), line.account("toAccount"), line.needed("amount")
    line.needed("idempotencyKey")
    key, note, type = line.text("idempotencyKey"), line.text("note"), line.text("type")
    if sender is None or receiver is None or line.errors:
        return FieldsInvalid(line.errors)
    return Payment(sender, receiver, amount, key, note or "", TRANSFER if type is None else type)


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
