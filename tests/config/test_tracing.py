"""Traces of a real server, received by the test as a collector would; without the setting, nothing of it."""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.api.conftest import Cast, cast  # noqa: F401 - the fixture
from tests.servers import ROOT, Server

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
NOTE = "for-the-flat-in-may"


class Receiver:
    """A collector of traces: OTLP over HTTP on a port of its own."""

    def __init__(self) -> None:
        received: list[bytes] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.bodies = received
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def spans(self, trace: str) -> dict[str, Any]:
        """Return the spans of a trace that have come so far, by name."""
        found: dict[str, Any] = {}
        for body in list(self.bodies):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    found |= {span.name: span for span in scope.spans if span.trace_id.hex() == trace}
        return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.stop()


def _until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 15
    while not (found := condition()):
        assert time.monotonic() < deadline, "no spans came"
        time.sleep(0.02)
    return found


def _environment(receiver: Receiver, **more: str) -> dict[str, str]:
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "50"}
    return {**settings, "LOG_LEVEL": "INFO", "LOG_FORMAT": "json", **more}


def _send(server: Server, cast: Cast) -> http.client.HTTPResponse:  # noqa: F811
    token = cast.owner.token
    order = {"fromAccount": str(cast.owners.id), "toAccount": str(cast.seconds.id), "amount": "1", "note": NOTE}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {token}",
        "traceparent": f"00-{TRACE}-{PARENT}-01",
    }
    connection.request("POST", "/api/transactions", json.dumps({**order, "idempotencyKey": "traced"}), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_a_transfer_is_one_trace_through_request_committer_and_database(
    start_server: Callable[..., Server],
    receiver: Receiver,
    cast: Cast,  # noqa: F811
) -> None:
    server = start_server(environment=_environment(receiver, TRUSTED_PROXIES="127.0.0.1"))
    answer = _send(server, cast)
    assert answer.status == 201
    request_span = _until(lambda: receiver.spans(TRACE).get("POST api/transactions"))
    spans = receiver.spans(TRACE)
    wait, post = spans["committer.wait"], spans["committer.post"]
    entries = spans["insert ledger_entries"]
    assert request_span.parent_span_id.hex() == PARENT
    assert wait.parent_span_id == post.parent_span_id == request_span.span_id
    assert entries.parent_span_id == spans["commitTransaction"].parent_span_id == post.span_id
    assert {attribute.key: attribute.value.string_value for attribute in entries.attributes} == {
        "db.system.name": "mongodb",
        "db.namespace": server._environment["MONGODB_DATABASE"],
        "db.operation.name": "insert",
        "db.collection.name": "ledger_entries",
    }
    assert not [body for body in receiver.bodies if NOTE.encode() in body]
    told = [json.loads(line) for line in server.output().splitlines()]
    (line,) = [one for one in told if one.get("request_id") == answer.headers["X-Request-ID"]]
    assert (line["trace_id"], line["span_id"]) == (TRACE, request_span.span_id.hex())


def test_a_stranger_names_no_trace(
    start_server: Callable[..., Server],
    receiver: Receiver,
    cast: Cast,  # noqa: F811
) -> None:
    server = start_server(workers=1, environment=_environment(receiver))
    answer = _send(server, cast)
    told = [json.loads(line) for line in server.output().splitlines()]
    (line,) = [one for one in told if one.get("request_id") == answer.headers["X-Request-ID"]]
    span = _until(lambda: receiver.spans(line["trace_id"]).get("POST api/transactions"))
    assert (receiver.spans(TRACE), span.parent_span_id) == ({}, b"")


def test_without_the_setting_the_sdk_is_not_imported() -> None:
    look = (
        "import django, sys; django.setup(); import config.urls; "
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, env=os.environ, capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0)
