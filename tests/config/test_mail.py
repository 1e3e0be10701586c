"""Where e-mails go, and which settings for them are refused."""

from pathlib import Path

import pytest
from pytest_django import Settings

from config.checks_mail import check_delivery_threads, check_mail
from config.mail import is_mail_url, mail_settings

FOLDER = Path("/data/mail")
SMTP = "django.core.mail.backends.smtp.EmailBackend"


def test_one_address_says_it_all() -> None:
    found = mail_settings("smtp+tls://florin:s%2Fcret@mail.bank.example", folder=FOLDER)
    assert found == {
        "backend": SMTP,
        "folder": "",
        "host": "mail.bank.example",
        "port": 587,
        "user": "florin",
        "password": "s/cret",
        "tls": True,
        "ssl": False,
    }
    assert mail_settings("smtp+ssl://mail.example", folder=None)["port"] == 465
    assert mail_settings("smtp://mail.example:2525", folder=None)["port"] == 2525


def test_without_an_address_mail_is_written_into_files_or_thrown_away() -> None:
    files = mail_settings("", folder=FOLDER)
    assert (files["backend"], files["folder"]) == ("django.core.mail.backends.filebased.EmailBackend", "/data/mail")
    assert mail_settings("", folder=None)["backend"] == "django.core.mail.backends.dummy.EmailBackend"


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp+tls://user:secret@"])
def test_an_address_that_leads_nowhere_is_refused(settings: Settings, url: str) -> None:
    assert not is_mail_url(url)
    settings.EMAIL_URL = url
    (error,) = check_mail()
    assert error.id == "florin.E021"
    assert "secret" not in str(error)


def production(settings: Settings, url: str, sender: str = "Florin <bank@bank.org>") -> list[str | None]:
    settings.IS_PRODUCTION = True
    settings.EMAIL_URL, settings.DEFAULT_FROM_EMAIL = url, sender
    settings.EMAIL_BACKEND = mail_settings(url, folder=None)["backend"]
    return [message.id for message in check_mail()]


def test_production_is_told_that_nobody_gets_mail(settings: Settings) -> None:
    assert production(settings, "") == ["florin.W021"]
    assert production(settings, "dummymail://") == []
    assert production(settings, "smtp+tls://mail.bank.org") == []


def test_mail_has_a_sender_that_exists(settings: Settings) -> None:
    assert production(settings, "smtp+tls://mail.bank.org", "Florin <bank@florin.example>") == ["florin.E022"]
    assert production(settings, "dummymail://", "Florin") == ["florin.E022"]


@pytest.mark.parametrize(("threads", "is_fine"), [(0, False), (1, True), (64, True), (65, False)])
def test_the_number_of_threads_has_bounds(settings: Settings, threads: int, is_fine: bool) -> None:
    settings.DELIVERY_THREADS = threads
    assert (check_delivery_threads() == []) == is_fine
