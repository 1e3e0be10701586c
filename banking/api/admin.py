"""`/api/admin`: freezing and unfreezing accounts."""

from rest_framework.request import Request
from rest_framework.response import Response

from banking.api.render import account_body
from banking.api.serializers import ReasonInput
from banking.api.views import AdminView, body_of
from banking.services.moderation import account_freeze, account_unfreeze


class FreezeView(AdminView):
    def patch(self, request: Request, account_id: str) -> Response:
        reason = body_of(request, ReasonInput)["reason"]
        account = account_freeze(admin=self.user, account_id=account_id, reason=reason, origin=self.origin)
        return Response({"success": True, "message": "The account is frozen.", "account": account_body(account)})


class UnfreezeView(AdminView):
    def patch(self, request: Request, account_id: str) -> Response:
        reason = body_of(request, ReasonInput)["reason"]
        account = account_unfreeze(admin=self.user, account_id=account_id, reason=reason, origin=self.origin)
        return Response({"success": True, "message": "The account is active.", "account": account_body(account)})
