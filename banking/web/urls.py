"""The addresses of the pages; no trailing slashes."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from banking.web.views import administration, doors, history, home, sending


class KeyConverter(StringConverter):
    """An idempotency key as these pages make them."""

    regex = sending.KEY_PATTERN


register_converter(KeyConverter, "key")

urlpatterns = [
    path("", doors.landing, name="landing"),
    path("register", doors.register, name="register"),
    path("login", doors.sign_in, name="login"),
    path("logout", doors.sign_out, name="logout"),
    path("theme", doors.theme, name="theme"),
    path("dashboard", home.dashboard, name="dashboard"),
    path("accounts/open", home.account_open, name="account_open"),
    path("send", sending.begin, name="send"),
    path("send/people", sending.people, name="send_people"),
    path("send/<key:key>", sending.form, name="send_form"),
    path("send/<key:key>/review", sending.review, name="send_review"),
    path("send/<key:key>/confirm", sending.confirm, name="send_confirm"),
    path("send/<key:key>/result", sending.result, name="send_result"),
    path("transactions", history.transactions, name="transactions"),
    path("transactions/failed", history.failed, name="transactions_failed"),
    path("transactions/<str:transaction_id>", history.transaction, name="transaction"),
    path("transactions/<str:transaction_id>/retry", sending.retry, name="transaction_retry"),
    path("admin/users", administration.users, name="admin_users"),
    path("admin/accounts/<str:account_id>/freeze", administration.freeze, name="admin_freeze"),
    path("admin/accounts/<str:account_id>/unfreeze", administration.unfreeze, name="admin_unfreeze"),
]
