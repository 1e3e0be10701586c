"""Runs the whole bank with one command: database, migrations, demo people, web server.

`python -m config.run` is what `make run` calls. It supervises the embedded database (unless `MONGODB_URI` names
another), granian and a worker, stops them in order, and goes when one of them cannot be kept alive.
`python -m config.run manage COMMAND…` runs one of Django's commands with the same database and settings.

Everything before the web server happens in this one process, because importing Django five times would be most of
the start. Django is imported late: the settings read the environment that is prepared here.
"""

import contextlib
import http.client
import io
import os
import signal
import sys
import time
from types import FrameType
from typing import NoReturn

from pymongo.errors import PyMongoError

from config.checkout import data_folder, environment, pending_migrations, prepare_metrics, roles_make, sign_in
from config.children import BASE_DIR, Child, Restarts
from config.embedded import EmbeddedDatabase, EmbeddedDatabaseError, running_uris
from config.lifeline import SUPERVISED, die_with_parent
from config.preflight import PortTaken, RunError, check_database, claimed_port, hosts_of, whole_number
from config.uris import OWNER_URI, serving_environment, worker_environment

READY_SECONDS = 60
FOLDER_SECONDS = 4
WORKERS, THREADS = 2, 64  # processes, and requests that each works on at once
# The bench makes databases of its own, with users and roles.
_FOR_THE_ADMINISTRATOR = (["bench"], ["create_database_roles"])
_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked for the end by SIGINT, SIGTERM or SIGHUP."""


def say(line: str) -> None:
    """Print a line at once; that nobody reads any more is no reason to fail."""
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


class Supervisor:
    """Starts the bank's parts, watches them and stops them in order."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._host = os.environ.get("HOST", "127.0.0.1")
        self._port = whole_number("PORT", default=8000, highest=65_535)
        self._workers = whole_number("WORKERS", default=WORKERS, highest=64)
        threads = whole_number("THREADS", default=THREADS, highest=256)
        options = web_options(host=self._host, port=self._port, workers=self._workers, threads=threads)
        self._web = Child(
            "The web server", ["-m", "granian", *options, "config.wsgi:application"], serving_environment
        )
        self._worker = Child("The worker", ["manage.py", "run_worker"], worker_environment)
        self._database: EmbeddedDatabase | None = None
        self._database_restarts = Restarts()

    def run(self) -> int:
        """Run until a signal asks for the end and return the exit code."""
        try:
            with claimed_port(self._host, self._port):
                self._start_database()
                self._prepare_bank()
                prepare_metrics()
                self._start_web()
                self._worker.start()  # nobody waits for it: what it does may be late
                self._announce()
                self._watch()
        except Stopped:
            return 0
        except PortTaken:
            if os.environ.get("MONGODB_URI") or running_uris(data_folder()) is None:
                raise
            raise RunError(_already_runs()) from None
        finally:
            _ignore_signals()  # what is being stopped is stopped in order, however often somebody asks
            self._stop()

    def _step(self, line: str) -> None:
        say(f"[{time.monotonic() - self._began:5.1f} s] {line}")

    def _start_database(self) -> None:
        uri = os.environ.get("MONGODB_URI")
        if uri:
            check_database(uri)
            if owner := os.environ.get(OWNER_URI):
                check_database(owner, OWNER_URI)
            self._step(f"Using the database of MONGODB_URI at {hosts_of(uri)}.")
            return
        self._wait_for_folder()
        self._step(f"Starting the embedded database, data in {data_folder()} …")
        self._database = EmbeddedDatabase(data_folder())
        self._database.start()
        sign_in(self._database.uris)
        self._step(f"The database is up on port {self._database.port}.")

    def _wait_for_folder(self) -> None:
        """Give a bank that was just stopped, or killed, the time to let go of the data folder."""
        deadline = time.monotonic() + FOLDER_SECONDS
        while running_uris(data_folder()) is not None:
            if time.monotonic() > deadline:
                raise RunError(_already_runs())
            time.sleep(0.2)

    def _prepare_bank(self) -> None:
        os.environ.update(environment(is_embedded=self._database is not None))
        from django.core.management import CommandError

        from config.request_ids import request_id_bound

        try:
            with request_id_bound():
                self._fill_database()
        except CommandError as error:
            raise RunError(str(error)) from error
        except PyMongoError as error:
            raise RunError(self._why_not_prepared(error)) from error

    def _fill_database(self) -> None:
        import django
        from django.core.management import call_command
        from django.db import connection

        django.setup()
        from banking.backup.marker import command_refuse_unfinished

        call_command("check", tags=["security"], stdout=io.StringIO())
        if self._database is not None:
            roles_make(self._database.uris)
        command_refuse_unfinished()
        pending = pending_migrations()
        if pending:
            self._step(f"Applying {pending} migrations …")
            call_command("migrate", interactive=False, verbosity=0)
        if self._wants_demo():
            self._step("Filling the demo bank, as far as it is not there yet …")
            call_command("demo")
        connection.close()

    def _why_not_prepared(self, error: PyMongoError) -> str:
        if self._database is not None and not self._database.is_alive:
            return self._database.why_it_ended()
        return f"The database failed while the bank was prepared: {type(error).__name__}."

    def _wants_demo(self) -> bool:
        return self._database is not None and os.environ.get("DEMO", "1") != "0"

    def _start_web(self) -> None:
        self._step(f"Starting the web server, {self._workers} processes …")
        self._web.start()
        self._wait_until_healthy(time.monotonic() + READY_SECONDS)

    def _wait_until_healthy(self, deadline: float) -> None:
        while not self._is_healthy():
            ending = self._web.how_it_ended()
            if ending is not None:
                raise RunError(f"The web server does not start ({ending}); everything is stopped.")
            if time.monotonic() > deadline:
                raise RunError(f"The web server did not answer /healthz within {READY_SECONDS} s.")
            time.sleep(0.05)

    def _is_healthy(self) -> bool:
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104 - compared, not bound
        client = http.client.HTTPConnection(local, self._port, timeout=5)
        try:
            client.request("GET", "/healthz", headers={"Host": _allowed_host()})
            return client.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            client.close()

    def _announce(self) -> None:
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._step(f"Florin is ready: http://{host}:{self._port}")
        if self._wants_demo():
            from banking.demo import logins

            say("\nDemo logins:")
            for role, email, password in logins():
                say(f"  {role:<12} {email:<28} {password}")
        say("\nCtrl-C stops everything.")

    def _watch(self) -> NoReturn:
        while True:
            time.sleep(0.2)
            for child in (self._web, self._worker):
                self._keep_alive(child)
            if self._database is not None and not self._database.is_alive:
                self._revive(self._database)

    def _keep_alive(self, child: Child) -> None:
        ending = child.how_it_ended()
        if ending is None:
            return
        if not child.restarts.allow():
            raise RunError(f"{child.name} keeps ending ({ending}); everything is stopped.")
        # granian gives up when one of its processes dies twice within seconds; the bank does not.
        self._step(f"{child.name} ended ({ending}); starting it again.")
        child.end()
        child.start()

    def _revive(self, database: EmbeddedDatabase) -> None:
        before = database.uri
        while not database.is_alive:
            if not self._database_restarts.allow():
                raise RunError(f"The database keeps ending; everything is stopped. {database.why_it_ended()}")
            self._step(f"Starting the database again. {database.why_it_ended()}")
            try:
                database.start()
            except EmbeddedDatabaseError:
                # When it ended once more while it started, that is one more time, and not yet the end of the bank. A
                # process that is killed lives a moment longer than its connections.
                time.sleep(1)
                if database.is_alive:
                    raise
        if database.uri != before:
            raise RunError("The database's port was taken while it was down; start again to move to another one.")

    def _stop(self) -> None:
        children = [child for child in (self._worker, self._web) if child.was_started]
        if not children and (self._database is None or self._database.pid is None):
            return
        say("Stopping …")
        for child in children:
            child.ask_to_end()
        for child in children:
            child.end()
        if self._database is not None:
            self._database.stop()
        say("Stopped.")


def web_options(*, host: str, port: int, workers: int, threads: int) -> list[str]:
    """Return granian's options for the bank."""
    options = {
        "--interface": "wsgi",
        "--host": host,
        "--port": port,
        "--workers": workers,
        "--blocking-threads": threads,
        "--backlog": 2048,
        # Counts open connections, idle ones too: a low number would shut out visitors while browsers keep theirs.
        "--backpressure": 1024,
        "--workers-kill-timeout": 10,
        "--log-level": "error",
        "--log-config": BASE_DIR / "config" / "server_logs.json",
    }
    return [*(str(part) for pair in options.items() for part in pair), "--respawn-failed-workers", "--no-ws"]


def _already_runs() -> str:
    return f"A bank runs on the data in {data_folder()} already; stop it, or set another DATA_DIR and another PORT."


def manage(arguments: list[str]) -> int:
    """Run a command of Django on the database of this checkout, started for as long as that takes if need be."""
    database, uris = None, None
    is_embedded = not os.environ.get("MONGODB_URI")
    if is_embedded and not (uris := running_uris(data_folder())):
        database = EmbeddedDatabase(data_folder())
        database.start()
        uris = database.uris
    try:
        os.environ.update(environment(is_embedded=is_embedded))
        if uris is not None:
            sign_in(uris, as_administrator=arguments[:1] in _FOR_THE_ADMINISTRATOR)
        if database is not None:
            roles_make(database.uris)
        from django.core.management import execute_from_command_line

        from config.request_ids import request_id_bound

        with request_id_bound():
            execute_from_command_line(["manage.py", *arguments])
    except (KeyboardInterrupt, Stopped):
        return 1
    finally:
        _ignore_signals()
        if database is not None:
            database.stop()
    return 0


def main(arguments: list[str]) -> int:
    """Do what the command line asks for and return the exit code."""
    is_manage = arguments[:1] == ["manage"]
    # In `manage shell` Ctrl-C means the line being typed, not the end.
    _stop_on_signals(_ENDING_SIGNALS[1:] if is_manage else _ENDING_SIGNALS)
    try:
        if is_manage:
            return manage(arguments[1:])
        if arguments:
            raise RunError("Usage: python -m config.run [manage COMMAND…]")
        if os.environ.get(SUPERVISED) == "1":  # by `make run`
            die_with_parent(death_signal=signal.SIGTERM)
        return Supervisor().run()
    except (RunError, EmbeddedDatabaseError) as error:
        sys.stderr.write(f"{error}\n")
    except Stopped:
        return 0
    return 1


def _allowed_host() -> str:
    from django.conf import settings

    names = [name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"]
    return names[0] if names else "127.0.0.1"


def _stop_on_signals(numbers: tuple[signal.Signals, ...]) -> None:
    for number in numbers:
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup wants to survive the terminal
            signal.signal(number, _raise_stopped)


def _ignore_signals() -> None:
    for number in _ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _raise_stopped(number: int, frame: FrameType | None) -> NoReturn:
    raise Stopped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
