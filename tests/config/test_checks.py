"""The system checks: unsafe or unreadable settings are refused, good ones pass without a word."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import Tags
from django.core.checks.registry import registry
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from config.checks import check_signed
from ledger.signing import PrivateKey, key_make

ROOT = Path(__file__).resolve().parent.parent.parent
GOOD_KEY = "Zq3_v8-Lw1xT7nB5yK0pR2sD6fG4hJ9mC-uE_aXoViNtQkYrWbMzS"
DEAD_DATABASE = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"


def refused() -> set[str]:
    """Return the ids of what our checks refuse, of those that run always and are tagged as security."""
    checks: list[Any] = [check for check in registry.get_checks() if check.__module__ == "config.checks"]
    assert all(Tags.security in check.tags for check in checks)
    found = [message for check in checks for message in check()]
    assert all(message.hint and message.is_serious() for message in found)
    return {str(message.id) for message in found}


@pytest.fixture
def production(settings: Settings) -> Settings:
    """Good settings of production."""
    settings.FLORIN_ENV = "production"
    settings.IS_PRODUCTION = True
    settings.DEBUG = False
    settings.SECRET_KEY = GOOD_KEY
    settings.ALLOWED_HOSTS = ["bank.example.org"]
    settings.CHECKPOINT_PUBLIC_KEYS = [PrivateKey(key_make()).public_text]
    return settings


def test_good_production_settings_pass(production: Settings) -> None:
    assert refused() == set()


def test_development_needs_nothing(settings: Settings) -> None:
    settings.FLORIN_ENV = "development"
    settings.IS_PRODUCTION = False
    settings.DEBUG = True
    settings.ALLOWED_HOSTS = ["*"]
    assert refused() == set()


@pytest.mark.parametrize("everybody", ["0.0.0.0/0", "::/0"])
def test_metrics_for_the_whole_world_are_refused_in_production(production: Settings, everybody: str) -> None:
    production.METRICS_ALLOWED = [everybody]
    assert refused() == {"florin.E032"}


@pytest.mark.parametrize("name", ["prod", "developement", "Production", ""])
def test_unknown_environment_is_refused(production: Settings, name: str) -> None:
    production.FLORIN_ENV = name
    assert refused() == {"florin.E001"}


def test_debug_is_refused_in_production(production: Settings) -> None:
    production.DEBUG = True
    assert refused() == {"florin.E002"}


@pytest.mark.parametrize(
    "key",
    [
        " " * 60,
        GOOD_KEY[:49],
        "abcd" * 20,
        "django-insecure-" + GOOD_KEY,
        "florin-development-only-key-never-in-production",
        "florin-development-only-key-never-in-production" + GOOD_KEY,
    ],
)
def test_weak_secret_is_refused_in_production(production: Settings, key: str) -> None:
    production.SECRET_KEY = key
    assert refused() == {"florin.E003"}


def test_missing_secret_is_refused_in_production(production: Settings) -> None:
    production.SECRET_KEY = ""
    assert refused() == {"florin.E003"}
    with pytest.raises(ImproperlyConfigured):
        _ = production.SECRET_KEY


@pytest.mark.parametrize("hosts", [[], ["*"], ["bank.example.org", "*"], [" * "], [""]])
def test_open_host_is_refused_in_production(production: Settings, hosts: list[str]) -> None:
    production.ALLOWED_HOSTS = hosts
    assert refused() == {"florin.E004"}


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("CURRENCIES", ["INR", "EURO"], "florin.E005"),
        ("CURRENCIES", ["INR", "inr"], "florin.E005"),
        ("CURRENCIES", ["INR", "INR"], "florin.E005"),
        ("DEFAULT_CURRENCY", "CHF", "florin.E006"),
        ("TRANSFER_CAP", "", "florin.E007"),
        ("TRANSFER_CAP", "0", "florin.E007"),
        ("TRANSFER_CAP", "-5", "florin.E007"),
        ("TRANSFER_CAP", "1e4", "florin.E007"),
        ("TRANSFER_CAP", "10,000", "florin.E007"),
        ("TRANSFER_CAP", "INR=10000,CHF=5", "florin.E007"),
        ("OPENING_BALANCE", "", "florin.E008"),
        ("OPENING_BALANCE", "-5", "florin.E008"),
        ("OPENING_BALANCE", "10000-1", "florin.E008"),
        ("OPENING_BALANCE", "1-2-3", "florin.E008"),
        ("OPENING_BALANCE", "ten", "florin.E008"),
        ("RATE_LIMIT_API", "500", "florin.E009"),
        ("RATE_LIMIT_API", "500/15", "florin.E009"),
        ("RATE_LIMIT_API", "0/15m", "florin.E009"),
        ("RATE_LIMIT_STRICT", "", "florin.E009"),
        ("RATE_LIMIT_STRICT", "50 per minute", "florin.E009"),
        ("TRUSTED_PROXIES", ["10.0.0.0/8", "proxy.local"], "florin.E010"),
        ("TRANSFER_DEADLINE_SECONDS", 0, "florin.E011"),
        ("TRANSFER_DEADLINE_SECONDS", 100_000, "florin.E011"),
        ("VERIFICATION_STEP_ENTRIES", 0, "florin.E018"),
        ("VERIFICATION_STEP_SECONDS", 0.01, "florin.E018"),
        ("VERIFICATION_ROUND_SECONDS", 100_000, "florin.E018"),
        ("METRICS_ALLOWED", ["10.0.0.7", "prometheus.local"], "florin.E031"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "florin.E033"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://", "florin.E033"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://collector:4317", "florin.E033"),
        ("SLOW_DATABASE_MS", -1, "florin.E034"),
        ("LOG_FORMAT", "JSON", "florin.E035"),
    ],
)
def test_unreadable_setting_is_refused_everywhere(settings: Settings, name: str, value: Any, check: str) -> None:
    setattr(settings, name, value)
    assert refused() == {check}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRANSFER_CAP", "INR=10000,USD=500.50"),
        ("TRANSFER_CAP", "10000, JPY=1000000"),
        ("OPENING_BALANCE", "0"),
        ("OPENING_BALANCE", "1000"),
        ("OPENING_BALANCE", "1-10000"),
        ("RATE_LIMIT_API", "off"),
        ("RATE_LIMIT_STRICT", "5/s"),
        ("TRUSTED_PROXIES", ["10.0.0.0/8", "::1", "192.0.2.7"]),
        ("METRICS_ALLOWED", ["10.0.0.7", "fd00::/8"]),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example:4318/otlp"),
        ("SLOW_DATABASE_MS", 0),
        ("LOG_FORMAT", "text"),
    ],
)
def test_readable_setting_passes(settings: Settings, name: str, value: Any) -> None:
    settings.CURRENCIES = ["INR", "USD", "JPY"]
    setattr(settings, name, value)
    assert refused() == set()


def run_in_production(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python as a server's process would, with nothing but these settings and a database that is not there."""
    environment = {"PATH": os.environ["PATH"], "MONGODB_URI": DEAD_DATABASE, **variables}
    command = [sys.executable, "-W", "ignore", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_deployment_check_has_nothing_to_say_about_good_settings() -> None:
    good = {"SECRET_KEY": GOOD_KEY, "ALLOWED_HOSTS": "bank.example.org", "EMAIL_URL": "dummymail://"}
    good["CHECKPOINT_PUBLIC_KEYS"] = PrivateKey(key_make()).public_text
    done = run_in_production("manage.py", "check", "--deploy", **good)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
    assert "WARNING" not in done.stderr


def test_commands_refuse_an_empty_environment_with_hints() -> None:
    done = run_in_production("manage.py", "check")
    assert done.returncode != 0
    assert "florin.E003" in done.stderr
    assert "florin.E004" in done.stderr
    assert "Traceback" not in done.stderr


def test_server_refuses_unsafe_settings() -> None:
    done = run_in_production("-c", "import config.wsgi", SECRET_KEY=GOOD_KEY, ALLOWED_HOSTS="*")
    assert done.returncode != 0
    assert "florin.E004" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("key", ["short", "AAAA", "not base64 at all, and far too long for a key of thirty-two bytes"])
def test_an_unreadable_checkpoint_key_is_refused_and_never_shown(production: Settings, key: str) -> None:
    production.CHECKPOINT_KEY = key
    production.CHECKPOINT_PUBLIC_KEYS = [key]
    assert refused() == {"florin.E012", "florin.E013"}
    checks: list[Any] = [check for check in registry.get_checks() if check.__module__ == "config.checks"]
    assert key not in str([message for check in checks for message in check()])


def test_production_is_told_that_nothing_is_signed(production: Settings) -> None:
    production.CHECKPOINT_KEY, production.CHECKPOINT_PUBLIC_KEYS = "", []
    assert [message.id for message in check_signed()] == ["florin.W012"]
    production.CHECKPOINT_PUBLIC_KEYS = [PrivateKey(key_make()).public_text]
    assert check_signed() == []


def test_good_checkpoint_keys_pass(production: Settings) -> None:
    production.CHECKPOINT_KEY = key_make()
    production.CHECKPOINT_PUBLIC_KEYS = [PrivateKey(key_make()).public_text]
    assert refused() == set()


@pytest.mark.parametrize("seconds", [0, -1, 86_401])
def test_checkpoints_are_made_now_and_then(production: Settings, seconds: int) -> None:
    production.CHECKPOINT_SECONDS = seconds
    assert refused() == {"florin.E014"}


@pytest.mark.parametrize("network", ["internal", "10.0.0.0/33", "10.1.0.0/16 ", "*", ""])
def test_a_network_for_webhooks_that_is_none_is_refused(production: Settings, network: str) -> None:
    production.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.1", "fd00::/8", "10.1.2.3/16"]
    assert refused() == set()
    production.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.1", network]
    assert refused() == {"florin.E015"}
