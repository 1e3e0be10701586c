"""What only the database knows, asked at each look at the metrics (`banking.metrics`)."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric

from banking.selectors.deliveries import outbox_lag


def outbox_metrics() -> Iterable[Metric]:
    """Tell how far the outbox is behind, at a cost that does not grow with the ledger."""
    lag = outbox_lag()
    yield GaugeMetricFamily(
        "florin_outbox_lag_seconds", "Age of the oldest event that is not delivered to everybody", value=lag.seconds
    )
    deliveries = GaugeMetricFamily("florin_deliveries", "Deliveries that wait, and dead ones", labels=["state"])
    deliveries.add_metric(["pending"], lag.pending)
    deliveries.add_metric(["dead"], lag.dead)
    yield deliveries
