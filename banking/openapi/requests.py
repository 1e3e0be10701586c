"""What requests bring, where it is read by hand; the others are described by their serializers."""

from banking.openapi.samples import KEY, OLIVIAS, SAMIR, SAMIRS
from banking.openapi.shapes import Shape, amount, list_of, one_of, record, ref, text
from ledger.records import CUSTOMER_TYPES
from ledger.transfers import MAX_BULK

# --- what requests bring ------------------------------------------------------------------------------------------
_ACCOUNT = {"type": "string", "pattern": "^[0-9A-Fa-f]{24}$"}
_FROM: Shape = {**_ACCOUNT, "description": "The account that pays; it must be yours.", "examples": [OLIVIAS]}
_TO: Shape = {**_ACCOUNT, "description": "The account that is paid.", "examples": [SAMIRS]}
_KEY = text(KEY, "Names the transfer for ever, for the account that pays.", pattern="^[!-~]{1,128}$")
_NOTE = text("Rent for May", "One line.", maxLength=140)
_TYPE = one_of(*CUSTOMER_TYPES)
_OPTIONAL = ("idempotencyKey", "note", "type")
_ORDER = {"fromAccount": _FROM, "toAccount": _TO, "amount": amount()}

REQUESTS: dict[str, Shape] = {
    "TransferOrder": record({**_ORDER, "idempotencyKey": _KEY, "note": _NOTE, "type": _TYPE}, optional=_OPTIONAL),
    "BulkLine": record({**_ORDER, "idempotencyKey": _KEY, "note": _NOTE, "type": _TYPE}, optional=("note", "type")),
    "BulkOrder": record({"transactions": list_of(ref("BulkLine"), minItems=1, maxItems=MAX_BULK)}),
    "FundingOrder": record(
        {"toAccount": _TO, "amount": amount("1000.00"), "idempotencyKey": _KEY, "note": _NOTE}, optional=_OPTIONAL
    ),
    "WalletTransferOrder": record(
        {
            "to": {**_ACCOUNT, "description": "The `_id` of the person who is paid.", "examples": [SAMIR]},
            "amount": amount(),
        }
    ),
    "SmallTransferOrder": {
        **record({**_ORDER, "fromId": _FROM, "toId": _TO}, optional=("fromAccount", "toAccount", "fromId", "toId")),
        "description": "`fromId` and `toId` stand for `fromAccount` and `toAccount`.",
        "allOf": [
            {"anyOf": [{"required": ["fromAccount"]}, {"required": ["fromId"]}]},
            {"anyOf": [{"required": ["toAccount"]}, {"required": ["toId"]}]},
        ],
        "examples": [{"fromAccount": OLIVIAS, "toAccount": SAMIRS, "amount": "250.00"}],
    },
}
