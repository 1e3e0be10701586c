"""The bodies of answers, and the one form of errors."""

from banking.openapi.parts import CURRENCY
from banking.openapi.samples import OLIVIAS, SAMIR
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
    or_null,
    record,
    ref,
    success,
    text,
)

_ONWARD = {
    "limit": number(20, minimum=1),
    "hasNextPage": flag(False),
    "nextCursor": or_null({**text("…", "Send it back as `cursor` for what comes next."), "examples": [None]}),
}
_LIST = {"page": or_null(number(1, "The number asked for; null after a cursor.", minimum=1)), **_ONWARD}
_TOTAL = or_null(number(1, "Null where it is not known exactly."))
_TOKENS = {"accessToken": text("eyJhbGciOi…"), "refreshToken": text("eyJhbGciOi…")}
_DONE = text("The money has been sent.")

ANSWERS: dict[str, Shape] = {
    "Done": success({"message": text("You are signed out.")}),
    "UserAnswer": success({"user": ref("User")}),
    "SignedIn": success({"user": ref("User"), **_TOKENS}),
    "AccountAnswer": success({"account": ref("Account")}),
    "AccountChanged": success({"message": text("The account is frozen."), "account": ref("Account")}),
    "AccountList": success({"accounts": list_of(ref("Account"))}),
    "Balance": success(
        {
            "accountId": identifier(OLIVIAS),
            "currency": CURRENCY,
            "balance": money(),
            "at": moment(meaning="The time asked for; not there when it was not."),
        },
        optional=("at",),
    ),
    "TransferDone": success({"message": _DONE, "transaction": ref("Transaction")}),
    "TransactionAnswer": success({"transaction": ref("Transaction")}),
    "SmallTransferDone": success({"newBalance": money("1250.00")}),
    "BulkDone": success(
        {
            "summary": record(
                {
                    "total": number(1),
                    "executed": number(1),
                    "replayed": number(0),
                    "refused": number(0, "Neither executed nor replayed nor to be tried again."),
                    "tryAgain": number(0, "Lines with status 503: send the whole request again."),
                }
            ),
            "results": list_of(ref("BulkResult")),
        }
    ),
    "History": success({**_LIST, "total": _TOTAL, "transactions": list_of(ref("Entry"))}),
    "ReceiptAnswer": success({"receipt": ref("Receipt")}),
    "People": success({**_LIST, "total": _TOTAL, "users": list_of(ref("Person"))}),
    "Movements": success({**_LIST, "transactions": list_of(ref("Movement"))}),
    "StatsAnswer": success({"stats": ref("Stats")}),
    "IntegrityAnswer": success({"integrity": ref("Integrity")}),
    "AuditLog": success({**_LIST, "records": list_of(ref("AuditRecord"))}),
    "PeopleFound": success({"users": list_of(ref("Found"))}),
    "ProfileAnswer": success(
        {"message": text("Your profile is up to date."), "user": ref("User"), **_TOKENS}, optional=tuple(_TOKENS)
    ),
    "WalletToken": record({"message": text("Signed in successfully"), "token": text("eyJhbGciOi…")}),
    "WalletProfile": record(
        {"message": text("Updated successfully"), "token": text("eyJhbGciOi…")}, optional=("token",)
    ),
    "WalletPeople": record(
        {"users": list_of(record({"firstName": text("Samir"), "lastName": text("Second"), "_id": identifier(SAMIR)}))}
    ),
    "WalletBalance": record({"balance": money()}),
    "WalletDone": record({"message": text("Transfer successful")}),
    "Schema": {
        "type": "object",
        "required": ["openapi", "info", "paths", "components"],
        "additionalProperties": True,
        "examples": [{"openapi": "3.1.1"}],
    },
    "Alive": success({}),
    "NotReady": record({"success": always(False)}),
    "Error": record(
        {
            "success": always(False),
            "code": text("insufficient_funds", "What programs compare."),
            "message": text("There is not enough money in the account.", "One sentence for people."),
            "errors": named(list_of(text("This field is required.")), "amount"),
            "requestId": text("5f0b6a1c05d34f8b8a1c0764b7f0c2a9", "With 500 and above: to quote when asking."),
            "transaction": ref("Transaction"),
        },
        optional=("errors", "requestId", "transaction"),
        meaning="The one form of every error. `transaction` is the FAILED or unfinished one, where there is one.",
    ),
}
