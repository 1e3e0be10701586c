"""`/api/admin`: reading the whole bank, freezing and unfreezing accounts."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from banking.api.proofs import integrity_body
from banking.api.query import (
    audit_filter_read,
    id_read,
    limit_read,
    numbered_page_read,
    status_read,
    words_read,
)
from banking.api.render import account_body, audit_body, movement_body, person_body, stats_body
from banking.api.serializers import ReasonInput
from banking.api.views import AdminView, body_of
from banking.openapi import queries
from banking.openapi.describe import described
from banking.selectors.integrity import integrity
from banking.selectors.oversight import figures, movements_page, trail_page
from banking.selectors.people import people_page
from banking.services.moderation import account_freeze, account_unfreeze
from ledger.errors import AccountNotFound, AccountStateConflict, CursorInvalid

_CHANGING = (AccountNotFound, AccountStateConflict)


class FreezeView(AdminView):
    @described(
        "Freeze an account",
        ReasonInput,
        example={"reason": "Asked by the police"},
        answers={200: ("AccountChanged", "Frozen: it neither pays nor is paid.")},
        errors=_CHANGING,
    )
    def patch(self, request: Request, account_id: str) -> Response:
        reason = body_of(request, ReasonInput)["reason"]
        account = account_freeze(admin=self.user, account_id=account_id, reason=reason, origin=self.origin)
        return Response({"success": True, "message": "The account is frozen.", "account": account_body(account)})


class UnfreezeView(AdminView):
    @described(
        "Unfreeze an account",
        ReasonInput,
        example={"reason": "Cleared"},
        answers={200: ("AccountChanged", "Active again.")},
        errors=_CHANGING,
    )
    def patch(self, request: Request, account_id: str) -> Response:
        reason = body_of(request, ReasonInput)["reason"]
        account = account_unfreeze(admin=self.user, account_id=account_id, reason=reason, origin=self.origin)
        return Response({"success": True, "message": "The account is active.", "account": account_body(account)})


class UsersView(AdminView):
    @described(
        "List people",
        answers={200: ("People", "Newest first; of a search at most 100.")},
        errors=(CursorInvalid,),
        parameters=(*queries.PAGED, queries.NAMES),
    )
    def get(self, request: Request) -> Response:
        limit, cursor = limit_read(request), request.query_params.get("cursor") or None
        number = None if cursor else numbered_page_read(request, limit)
        found = people_page(words=words_read(request), page=number or 1, cursor=cursor, limit=limit)
        users = [person_body(person) for person in found.people]
        return Response({**_page(number, limit, found.next_cursor), "total": found.total, "users": users})


class TransactionsView(AdminView):
    @described(
        "List all transfers",
        answers={200: ("Movements", "Newest first.")},
        errors=(AccountNotFound, CursorInvalid),
        parameters=(*queries.PAGED, queries.STATE, queries.OF_ACCOUNT),
    )
    def get(self, request: Request) -> Response:
        limit, cursor = limit_read(request), request.query_params.get("cursor") or None
        number = None if cursor else numbered_page_read(request, limit)
        found = movements_page(
            account_id=id_read(request, "accountId"),
            status=status_read(request),
            page=number,
            cursor=cursor,
            limit=limit,
        )
        transactions = [movement_body(movement) for movement in found.movements]
        return Response({**_page(number, limit, found.next_cursor), "transactions": transactions})


class StatsView(AdminView):
    @described("Read the figures", answers={200: ("StatsAnswer", "Money of different currencies is never added up.")})
    def get(self, request: Request) -> Response:
        users, stats = figures()
        return Response({"success": True, "stats": stats_body(users, stats)})


class IntegrityView(AdminView):
    @described(
        "See whether the books are right",
        answers={200: ("IntegrityAnswer", "An alarm takes every state but ok for bad.")},
    )
    def get(self, request: Request) -> Response:
        return Response({"success": True, "integrity": integrity_body(integrity())})


class AuditView(AdminView):
    @described(
        "Read the audit log",
        answers={200: ("AuditLog", "Newest first.")},
        errors=(CursorInvalid,),
        parameters=(
            queries.LIMIT,
            queries.CURSOR,
            queries.ACTION,
            queries.ACTOR,
            queries.SUBJECT,
            queries.FROM,
            queries.TO,
        ),
    )
    def get(self, request: Request) -> Response:
        limit, cursor = limit_read(request), request.query_params.get("cursor") or None
        found = trail_page(wanted=audit_filter_read(request), cursor=cursor, limit=limit)
        records = [audit_body(record, found.actors) for record in found.records]
        return Response({**_page(None, limit, found.next_cursor), "records": records})


def _page(number: int | None, limit: int, next_cursor: str | None) -> dict[str, Any]:
    """What every list says of its page; one that was reached by a cursor has no number."""
    return {
        "success": True,
        "page": number,
        "limit": limit,
        "hasNextPage": next_cursor is not None,
        "nextCursor": next_cursor,
    }
