"""The addresses of the API; no trailing slash anywhere."""

from django.urls import path

from banking.api import accounts, admin, auth, bulk, people, schema, transactions, wallet
from banking.graphql.view import graphql

urlpatterns = [
    path("api/auth/register", auth.RegisterView.as_view()),
    path("api/auth/login", auth.LoginView.as_view()),
    path("api/auth/refresh", auth.RefreshView.as_view()),
    path("api/auth/logout", auth.LogoutView.as_view()),
    path("api/auth/me", auth.MeView.as_view()),
    path("api/users", people.PeopleView.as_view()),
    path("api/users/me", people.ProfileView.as_view()),
    path("api/accounts", accounts.AccountsView.as_view()),
    path("api/accounts/balance/<str:account_id>", accounts.BalanceView.as_view()),
    path("api/transactions", transactions.TransactionsView.as_view()),
    path("api/transactions/bulk", bulk.BulkView.as_view()),
    path("api/transactions/system/initial-funds", transactions.FundingView.as_view()),
    path("api/transactions/by-key/<str:account_id>/<path:key>", transactions.ByKeyView.as_view()),
    path("api/transactions/<str:account_id>/<str:transaction_id>/receipt", transactions.ReceiptView.as_view()),
    path("api/transactions/<str:account_id>", transactions.HistoryView.as_view()),
    path("api/admin/freeze/<str:account_id>", admin.FreezeView.as_view()),
    path("api/admin/unfreeze/<str:account_id>", admin.UnfreezeView.as_view()),
    path("api/admin/users", admin.UsersView.as_view()),
    path("api/admin/transactions", admin.TransactionsView.as_view()),
    path("api/admin/stats", admin.StatsView.as_view()),
    path("api/admin/integrity", admin.IntegrityView.as_view()),
    path("api/admin/audit", admin.AuditView.as_view()),
    path("api/v1/user", wallet.ProfileView.as_view()),
    path("api/v1/user/signup", wallet.SignUpView.as_view()),
    path("api/v1/user/signin", wallet.SignInView.as_view()),
    path("api/v1/user/bulk", wallet.PeopleView.as_view()),
    path("api/v1/account/balance", wallet.BalanceView.as_view()),
    path("api/v1/account/transfer", wallet.TransferView.as_view()),
    path("api/schema", schema.SchemaView.as_view(), name="api_schema"),
    path("transfer", transactions.TransferView.as_view()),
    path("graphql", graphql),
]
