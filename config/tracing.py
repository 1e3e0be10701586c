"""OpenTelemetry traces, when `OTEL_EXPORTER_OTLP_ENDPOINT` names who receives them (OTLP over HTTP).

Without it the SDK is not even imported, and the API that the rest of the code uses does nothing. What is not set here
the SDK reads from its own variables, such as `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_TRACES_SAMPLER`.
"""

import os

from django.conf import settings
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_traceparent = TraceContextTextMapPropagator()


def is_traced() -> bool:
    """Whether spans go anywhere."""
    return bool(settings.OTEL_EXPORTER_OTLP_ENDPOINT)


def tracing_start() -> None:
    """Send the spans of this process to where the setting says; nothing without it."""
    if not is_traced():
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME") or "florin"
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}))
    # It exports from a thread of its own, and begins anew in a forked child.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def context_given(traceparent: str) -> Context:
    """Return the trace that a caller's W3C `traceparent` header names; a new one when it names none."""
    return _traceparent.extract({"traceparent": traceparent}, context=Context())
