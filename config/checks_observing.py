"""System checks of logs, metrics and traces. They run and refuse as those of `config.checks`."""

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error

from config.checks import _is_network, _security_check
from config.logs import JSON, TEXT


@_security_check
def check_metrics_allowed() -> Iterator[Error]:
    """Who may read the metrics are addresses or networks, and in production not everybody."""
    for network in settings.METRICS_ALLOWED:
        if not _is_network(network):
            yield Error(
                f"METRICS_ALLOWED has {network!r}, which is neither an address nor a network.",
                hint="Set METRICS_ALLOWED to addresses or networks, separated by commas, such as 10.0.0.7,fd00::/8.",
                id="florin.E031",
            )
        elif settings.IS_PRODUCTION and ipaddress.ip_network(network, strict=False).prefixlen == 0:
            yield Error(
                f"METRICS_ALLOWED has {network!r}, which is the whole world.",
                hint="Name the addresses or networks of those who collect the metrics.",
                id="florin.E032",
            )


@_security_check
def check_traces() -> Iterator[Error]:
    """Who receives traces has an address, or every span would be lost without a word."""
    parts = urlsplit(settings.OTEL_EXPORTER_OTLP_ENDPOINT)
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT and (parts.scheme not in {"http", "https"} or not parts.hostname):
        yield Error(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is {settings.OTEL_EXPORTER_OTLP_ENDPOINT!r}, which is no address.",
            hint="Set it to the base address of an OTLP/HTTP receiver, such as http://127.0.0.1:4318.",
            id="florin.E033",
        )


@_security_check
def check_slow_database() -> Iterator[Error]:
    """What counts as slow is a time."""
    if settings.SLOW_DATABASE_MS < 0:
        yield Error(
            f"SLOW_DATABASE_MS is {settings.SLOW_DATABASE_MS}.",
            hint="Set SLOW_DATABASE_MS to milliseconds, or to 0 for no such log lines.",
            id="florin.E034",
        )


@_security_check
def check_log_format() -> Iterator[Error]:
    """The form of the logs is one that we know."""
    if settings.LOG_FORMAT not in {JSON, TEXT}:
        yield Error(
            f"LOG_FORMAT is {settings.LOG_FORMAT!r}, which is neither {JSON} nor {TEXT}.",
            hint=f"Set LOG_FORMAT to {JSON} for machines or {TEXT} for people, or leave it out.",
            id="florin.E035",
        )
