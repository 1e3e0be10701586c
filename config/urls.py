"""The site's addresses: the API and the pages of banking, and the health checks."""

from django.urls import include, path

from banking import health
from banking.metrics import metrics

handler400 = "banking.failures.bad_request"
handler403 = "banking.failures.forbidden"
handler404 = "banking.failures.not_found"
handler500 = "banking.failures.crash"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("", include("banking.api.urls")),
    path("", include("banking.web.urls")),
]
