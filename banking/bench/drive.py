"""Runs a plan by the generator, and says what it cost whom."""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from pymongo.uri_parser import parse_uri

from banking.bench.access import administrator
from banking.bench.cpu import tree_seconds
from banking.bench.plans import Request
from banking.bench.series import Turn
from banking.bench.server import BenchError, Server
from config.lifeline import launch_command

_GENERATOR = [sys.executable, "-m", "banking.bench.load"]
_LOCAL = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Counters:
    """What the database and the processes had used at one moment."""

    aborted: int
    web: float | None
    database: float | None

    @classmethod
    def read(cls, server: Server | None) -> "Counters":
        """Read them; without a server only the database's."""
        status = administrator().admin.command("serverStatus")
        return cls(
            aborted=int(status["transactions"]["totalAborted"]),
            web=None if server is None else server.cpu_seconds(),
            database=tree_seconds(int(status["pid"])) if _is_local() else None,
        )


def _is_local() -> bool:
    hosts = {host for host, _ in parse_uri(settings.DATABASES["default"]["HOST"])["nodelist"]}
    return hosts <= _LOCAL


def load_turn(
    server: Server,
    requests: list[Request],
    *,
    clients: int,
    seconds: float,
    warmup: float,
) -> Turn:
    """Let the generator send requests for some seconds.

    Args:
        server: who is asked.
        requests: what is sent, in a random order, each as often as it comes.
        clients: how many ask at the same time.
        seconds: how long it is counted.
        warmup: seconds before that which are not counted.

    Raises:
        BenchError: the generator ended without an answer, or had none from the server.
    """
    plan: dict[str, Any] = {"port": server.port, "clients": clients, "requests": requests}
    plan |= {"seconds": seconds, "warmup": warmup}
    plan |= {"run": uuid4().hex[:12], "seed": random.randrange(2**32)}  # noqa: S311 - no secret
    before = Counters.read(server)
    answer = _generate(plan)
    after = Counters.read(server)
    good = sum(number for status, number in answer["statuses"].items() if status.startswith("2"))
    return Turn(
        seconds=answer["seconds"],
        done=answer["answered"],
        times=answer["times"],
        acknowledged=good,
        failed=sum(answer["statuses"].values()) - good + answer["lost"],
        lost=answer["lost"],
        refusals=answer["refusals"],
        again=after.aborted - before.aborted,
        cpu=_cpu_between(before, after, answer["cpu"]),
    )


def _generate(plan: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 - our own program
        launch_command(_GENERATOR, death_signal=signal.SIGKILL),
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        cwd=Path(settings.BASE_DIR),
        env=dict(os.environ),
        start_new_session=True,  # Ctrl-C must reach the bench alone
        check=False,
    )
    if done.returncode != 0:
        last = done.stderr.strip().splitlines() or ["it said nothing"]
        raise BenchError(f"The generator of the load ended with code {done.returncode}: {last[-1]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if not answer["times"]:
        raise BenchError(f"The server of the bench answered none of {answer['lost']} requests.")
    return answer


def loop_turn(once: Callable[[], object], *, seconds: float) -> Turn:
    """Call something again and again for some seconds, one after the other."""
    before, cpu = Counters.read(None), time.process_time()
    times = []
    began = now = time.perf_counter()
    while now - began < seconds:
        once()
        later = time.perf_counter()
        times.append(round((later - now) * 1e6))
        now = later
    cpu = time.process_time() - cpu
    after = Counters.read(None)
    return Turn(
        seconds=now - began,
        done=len(times),
        times=times,
        acknowledged=len(times),
        again=after.aborted - before.aborted,
        cpu=_cpu_between(before, after, cpu),
    )


def _cpu_between(before: Counters, after: Counters, generator: float) -> dict[str, float | None]:
    return {
        "web": _less(after.web, before.web),
        "database": _less(after.database, before.database),
        "generator": generator,
    }


def _less(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def is_there(server: Server, request: Request) -> bool:
    """Whether the server has this endpoint at all: asked with a body that it must refuse, it does not answer 404."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"Authorization": f"Bearer {request['token']}", "Content-Type": "application/json"}
    try:
        connection.request(request["method"], request["path"], request.get("body"), headers)
        return connection.getresponse().status not in (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.METHOD_NOT_ALLOWED)
    finally:
        connection.close()
