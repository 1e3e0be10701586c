"""The addresses of the pages; no trailing slashes."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from banking.web.views import (
    administration,
    bulk,
    dead_letters,
    design,
    docs,
    doors,
    history,
    home,
    integrity,
    language,
    notifications,
    outcomes,
    payees,
    proof,
    sending,
    statements,
    webhooks,
)


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
    path("language", language.language, name="language"),
    path("api/docs", docs.page, name="api_docs"),
    path("design", design.design, name="design"),
    path("proof", proof.proof, name="proof"),
    path("dashboard", home.dashboard, name="dashboard"),
    path("accounts/open", home.account_open, name="account_open"),
    path("send", sending.begin, name="send"),
    path("send/people", payees.people, name="send_people"),
    path("send/payee", payees.payee, name="send_payee"),
    path("send/many", bulk.many, name="send_many"),
    path("send/many/sample.csv", bulk.sample, name="send_many_sample"),
    path("send/many/<str:run_id>", bulk.run, name="send_run"),
    path("send/many/<str:run_id>/progress", bulk.progress, name="send_run_progress"),
    path("send/many/<str:run_id>/check", bulk.check, name="send_run_check"),
    path("send/many/<str:run_id>/confirm", bulk.confirm, name="send_run_confirm"),
    path("send/many/<str:run_id>/go-on", bulk.go_on, name="send_run_go_on"),
    path("send/many/<str:run_id>/again", bulk.again, name="send_run_again"),
    path("send/many/<str:run_id>/discard", bulk.discard, name="send_run_discard"),
    path("send/many/<str:run_id>/result.csv", bulk.result, name="send_run_result"),
    path("send/many/<str:run_id>/unpaid.csv", bulk.unpaid, name="send_run_unpaid"),
    path("send/<key:key>", sending.form, name="send_form"),
    path("send/<key:key>/review", sending.review, name="send_review"),
    path("send/<key:key>/confirm", sending.confirm, name="send_confirm"),
    path("send/<key:key>/outcome", outcomes.outcome, name="send_outcome"),
    path("send/<key:key>/result", outcomes.result, name="send_result"),
    path("transactions", history.transactions, name="transactions"),
    path("transactions/failed", history.failed, name="transactions_failed"),
    path("transactions/<str:transaction_id>", history.transaction, name="transaction"),
    path("transactions/<str:transaction_id>/receipt.json", history.receipt, name="transaction_receipt"),
    path("transactions/<str:transaction_id>/retry", sending.retry, name="transaction_retry"),
    path("statements", statements.statements, name="statements"),
    path("statements/<str:account_id>.csv", statements.csv_file, name="statement_csv"),
    path("statements/<str:account_id>.pdf", statements.pdf_file, name="statement_pdf"),
    path("notifications", notifications.notifications, name="notifications"),
    path("notifications/bell", notifications.bell, name="notifications_bell"),
    path("notifications/read", notifications.mark_read, name="notifications_read"),
    path("notifications/<str:notification_id>", notifications.follow, name="notification"),
    path("webhooks", webhooks.webhooks, name="webhooks"),
    path("webhooks/<str:webhook_id>", webhooks.webhook, name="webhook"),
    path("webhooks/<str:webhook_id>/test", webhooks.test, name="webhook_test"),
    path("webhooks/<str:webhook_id>/renew", webhooks.renew, name="webhook_renew"),
    path("webhooks/<str:webhook_id>/enable", webhooks.enable, name="webhook_enable"),
    path("webhooks/<str:webhook_id>/remove", webhooks.remove, name="webhook_remove"),
    path("admin/users", administration.users, name="admin_users"),
    path("admin/integrity", integrity.page, name="admin_integrity"),
    path("admin/dead-letters", dead_letters.dead_letters, name="admin_dead_letters"),
    path("admin/dead-letters/requeue-all", dead_letters.requeue_all, name="admin_requeue_all"),
    path("admin/dead-letters/requeue/<str:delivery_id>", dead_letters.requeue, name="admin_requeue"),
    path("admin/accounts/<str:account_id>/freeze", administration.freeze, name="admin_freeze"),
    path("admin/accounts/<str:account_id>/unfreeze", administration.unfreeze, name="admin_unfreeze"),
]
