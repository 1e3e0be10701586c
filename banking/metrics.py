"""`/metrics`: what the processes and the database tell Prometheus, for configured addresses alone.

Several processes answer for one bank, and the one that is asked speaks for all: with `PROMETHEUS_MULTIPROC_DIR` each
process keeps its numbers in files of that folder, which are added up here (`config.metric_files`). What the database
knows is asked when it is wanted, by the collectors of `FROM_DATABASE`.
"""

from collections.abc import Callable, Iterable

import pymongo
import structlog
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from pymongo.errors import PyMongoError

from banking.collectors import checkpoint_metrics, outbox_metrics
from config.metric_files import registry_of_all_processes
from config.middleware import is_within

DATABASE_SECONDS = 2
# What is asked of the database at each look: functions that return metrics, by a name for when they get no answer.
FROM_DATABASE: dict[str, Callable[[], Iterable[Metric]]] = {
    "outbox": outbox_metrics,
    "checkpoint": checkpoint_metrics,
}

_log = structlog.get_logger(__name__)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with all numbers, in Prometheus' text form; there is no such address for anybody else."""
    if not is_within(request.META.get("REMOTE_ADDR", ""), settings.METRICS_ALLOWED):
        raise Http404
    numbers = generate_latest(registry_of_all_processes() or REGISTRY) + generate_latest(_of_database())
    return HttpResponse(numbers, content_type=CONTENT_TYPE_LATEST)


class _Answered:
    """Metrics that are there already, as a collector of Prometheus' client."""

    def __init__(self, found: list[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found


def _of_database() -> CollectorRegistry:
    answered = GaugeMetricFamily(
        "florin_collector_up", "Whether the database answered what a collector asked", labels=["collector"]
    )
    found: list[Metric] = []
    for name, collect in FROM_DATABASE.items():
        try:
            with pymongo.timeout(DATABASE_SECONDS):
                found += collect()
            answered.add_metric([name], 1)
        except PyMongoError as error:
            _log.warning("collector_failed", collector=name, error=type(error).__name__)
            answered.add_metric([name], 0)
    registry = CollectorRegistry()
    registry.register(_Answered([*found, answered]))
    return registry
