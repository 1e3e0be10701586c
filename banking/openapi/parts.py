"""What answers are made of: people, accounts, transfers, and what is known of the books."""

from accounts.models import Role
from banking.errors import REFUSALS
from banking.openapi.samples import KEY, OLIVIA, OLIVIAS, RECORD_ID, SAMIR, SAMIRS, TRANSFER_ID
from banking.openapi.shapes import (
    Shape,
    always,
    flag,
    identifier,
    list_of,
    moment,
    money,
    named,
    number,
    one_of,
    or_null,
    record,
    ref,
    text,
)
from ledger.proof import RECEIPT_FORMAT
from ledger.records import ACTIVE, CLOSED, CUSTOMER_TYPES, FROZEN, FUNDING, INACTIVE, STATES

CURRENCY = text("INR", "ISO 4217")
_TRANSACTION_STATE = one_of("COMPLETED", *(state for state in STATES if state != "COMPLETED"))
_REASON: Shape = {"type": ["string", "null"], "enum": [*REFUSALS, None], "examples": [None]}
_KIND = one_of(*CUSTOMER_TYPES, FUNDING)
_COMPLETED = or_null(moment(meaning="When the money moved; null if it has not."))
_RETRIES = number(0, "How often it has failed so far; three times is final.")
_ACCOUNT_STATE = one_of(ACTIVE, FROZEN, CLOSED, INACTIVE)

PARTS: dict[str, Shape] = {
    "User": record(
        {
            "_id": identifier(OLIVIA),
            "email": text("olivia@example.com"),
            "name": text("Olivia Owner"),
            "firstName": text("Olivia"),
            "lastName": text("Owner"),
            "document": or_null({**text("52998224725", "CPF or CNPJ"), "examples": [None]}),
            "role": one_of(*Role.values),
            "createdAt": moment(),
        }
    ),
    "Account": record(
        {
            "_id": identifier(OLIVIAS),
            "status": _ACCOUNT_STATE,
            "currency": CURRENCY,
            "balance": money(),
            "available": money(meaning="What can be spent now: the balance without what is held."),
            "createdAt": moment(),
        }
    ),
    "Transaction": record(
        {
            "_id": identifier(TRANSFER_ID),
            "fromAccount": identifier(OLIVIAS),
            "toAccount": identifier(SAMIRS),
            "status": _TRANSACTION_STATE,
            "amount": money("250.00"),
            "currency": CURRENCY,
            "type": _KIND,
            "note": text("Rent for May"),
            "idempotencyKey": text(KEY),
            "retryCount": _RETRIES,
            "failureReason": _REASON,
            "newBalance": or_null(money("1250.00", "What the account that paid has left; null if it did not pay.")),
            "createdAt": moment(),
            "completedAt": _COMPLETED,
        },
        meaning="A transfer, as the one who sent it sees it.",
    ),
    "Entry": record(
        {
            "_id": text(f"{TRANSFER_ID}:DEBIT", pattern="^[0-9a-f]{24}:(DEBIT|CREDIT)$"),
            "type": one_of("DEBIT", "CREDIT"),
            "direction": one_of("OUT", "IN"),
            "amount": money("250.00"),
            "currency": CURRENCY,
            "balanceAfter": money("1250.00"),
            "createdAt": moment(),
            "counterparty": record({"_id": identifier(SAMIRS), "name": or_null(text("Samir Second"))}),
            "transaction": record(
                {
                    "_id": identifier(TRANSFER_ID),
                    "note": text("Rent for May"),
                    "amount": money("250.00"),
                    "status": _TRANSACTION_STATE,
                    "createdAt": moment(),
                }
            ),
        },
        meaning="One side of a transfer, on the account whose history it is.",
    ),
    "Person": record(
        {
            "_id": identifier(OLIVIA),
            "id": identifier(OLIVIA),
            "email": text("olivia@example.com"),
            "name": text("Olivia Owner"),
            "role": one_of(*Role.values),
            "createdAt": moment(),
            "account": {
                "anyOf": [record({"id": identifier(OLIVIAS), "status": _ACCOUNT_STATE}), {"type": "null"}],
                "description": "In the bank's default currency, else the oldest; null without one.",
            },
        }
    ),
    "Found": record(
        {
            "_id": identifier(SAMIR),
            "firstName": text("Samir"),
            "lastName": text("Second"),
            "name": text("Samir Second"),
            "account": {"anyOf": [record({"_id": identifier(SAMIRS), "currency": CURRENCY}), {"type": "null"}]},
        }
    ),
    "Side": record(
        {"_id": identifier(OLIVIAS), "balance": or_null(money("1250.00")), "status": or_null(_ACCOUNT_STATE)}
    ),
    "Movement": record(
        {
            "_id": identifier(TRANSFER_ID),
            "fromAccount": ref("Side"),
            "toAccount": ref("Side"),
            "direction": or_null(one_of("SUCCESS", "FAILED", meaning="null while neither is decided")),
            "status": _TRANSACTION_STATE,
            "amount": money("250.00"),
            "currency": CURRENCY,
            "type": _KIND,
            "note": text("Rent for May"),
            "retryCount": _RETRIES,
            "failureReason": _REASON,
            "createdAt": moment(),
            "completedAt": _COMPLETED,
        },
        meaning="A transfer, as administrators see it.",
    ),
    "Stats": record(
        {
            "totalUsers": number(1204),
            "totalTransactions": number(88_210),
            "failedTransactions": number(311),
            "totalVolume": money("91500000.00"),
            "currency": CURRENCY,
            "volumes": named(money("91500000.00"), "INR"),
        }
    ),
    "AuditRecord": record(
        {
            "_id": identifier(RECORD_ID),
            "action": text("account.frozen"),
            "status": text("SUCCESS"),
            "actor": {
                "anyOf": [
                    record({"_id": identifier(OLIVIA), "name": or_null(text("Ada Admin"))}),
                    {"type": "null"},
                ]
            },
            "subject": or_null(text(OLIVIAS, "The id of what something was done to.")),
            "at": moment(),
            "address": text("203.0.113.7"),
            "surface": text("api"),
            "requestId": or_null(text("5f0b6a1c05d34f8b8a1c0764b7f0c2a9")),
            "details": {
                "type": "object",
                "additionalProperties": True,
                "examples": [{"reason": "stolen"}],
            },
        }
    ),
    "BulkResult": record(
        {
            "index": number(0, "The line's place in the request."),
            "success": flag(True),
            "status": number(201, "The status that the line would have had alone."),
            "replayed": flag(False),
            "transaction": ref("Transaction"),
            "code": text("insufficient_funds"),
            "message": text("There is not enough money in the account."),
            "errors": named(list_of(text("This field is required.")), "amount"),
            "requestId": text("5f0b6a1c05d34f8b8a1c0764b7f0c2a9"),
        },
        optional=("transaction", "code", "message", "errors", "requestId"),
        meaning="`transaction` is there when one was recorded; `code` and `message` when it was not executed.",
    ),
    "Verification": record(
        {
            "number": number(12),
            "startedAt": moment(),
            "finishedAt": or_null(moment()),
            "phase": or_null({**text("accounts"), "examples": [None]}),
            "percent": number(100, maximum=100),
            "accounts": number(6),
            "transactions": number(13),
            "entries": number(24),
            "violations": number(0),
        }
    ),
    "Integrity": record(
        {
            "state": one_of("ok", "violated", "unknown"),
            "invariants": list_of(
                record(
                    {
                        "code": text("I1"),
                        "state": one_of("ok", "violated", "unknown"),
                        "checkedAt": or_null(moment()),
                        "meaning": text("The balances of each currency add up to zero."),
                        "note": text(""),
                    }
                )
            ),
            "violations": {
                **list_of(record({"code": text("chain"), "text": text("account … entry 4 was changed")})),
                "examples": [[]],
            },
            "omittedViolations": number(0),
            "lastFull": or_null(ref("Verification")),
            "lastRound": or_null(ref("Verification")),
            "currentRound": or_null(ref("Verification")),
            "checkpoint": {
                "anyOf": [
                    record({"number": number(17), "at": moment(), "ageSeconds": number(12), "accounts": number(1204)}),
                    {"type": "null"},
                ]
            },
            "outbox": record(
                {
                    "lagSeconds": {"type": "number", "minimum": 0, "examples": [0.2]},
                    "relayLagSeconds": {"type": "number", "minimum": 0, "examples": [0.1]},
                    "pending": number(1),
                    "dead": number(0),
                }
            ),
        }
    ),
    "Receipt": {
        "type": "object",
        "description": "A file that proves itself; docs/proof.md says how it is checked.",
        "properties": {"format": always(RECEIPT_FORMAT), "checkpoint": {}, "signature": text("q83v…")},
        "required": ["format", "checkpoint", "signature"],
        "additionalProperties": True,
        "examples": [{"format": RECEIPT_FORMAT, "entry": {}, "checkpoint": {}, "signature": "q83v…"}],
    },
}
