"""What only the database knows, asked at each look at the metrics (`banking.metrics`)."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric

from banking.selectors.deliveries import outbox_lag
from ledger.checkpoints import checkpoint_latest
from ledger.records import now


def outbox_metrics() -> Iterable[Metric]:
    """Tell how far the outbox is behind, at a cost that does not grow with the ledger."""
    lag = outbox_lag()
    yield GaugeMetricFamily(
        "florin_relay_lag_seconds", "Age of the oldest event that has not become deliveries", value=lag.relay_seconds
    )
    yield GaugeMetricFamily(
        "florin_outbox_lag_seconds", "Age of the oldest event that is not delivered to everybody", value=lag.seconds
    )
    deliveries = GaugeMetricFamily("florin_deliveries", "Deliveries that wait, and dead ones", labels=["state"])
    deliveries.add_metric(["pending"], lag.pending)
    deliveries.add_metric(["dead"], lag.dead)
    yield deliveries


def checkpoint_metrics() -> Iterable[Metric]:
    """Tell the last checkpoint and its age; nothing while there is none."""
    checkpoint = checkpoint_latest()
    if checkpoint is None:
        return
    yield GaugeMetricFamily(
        "florin_checkpoint_number", "Number of the last signed checkpoint", value=checkpoint.number
    )
    age = (now() - checkpoint.at).total_seconds()
    yield GaugeMetricFamily("florin_checkpoint_age_seconds", "Age of the last signed checkpoint", value=age)
