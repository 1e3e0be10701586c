"""E-mails: who gets which words, in both parts, and what a mail server may answer."""

import re
import smtplib
from dataclasses import replace
from pathlib import Path

import pytest
from django.core import mail
from django.utils.translation import get_language, override
from pytest_django import Settings

from accounts.models import User
from banking.outbox.consumers import DeliveryFailed, NoLongerWanted, Undeliverable
from banking.outbox.letters import _WORDS, letter
from banking.outbox.mail import Mail, mail_message
from banking.outbox.records import Delivery, deliveries
from banking.outbox.stories import KINDS
from ledger.accounts import account_freeze
from ledger.audit import COMMAND
from ledger.records import Account
from tests.banking.outbox.conftest import dispatch_all, relay_all
from tests.ledger.conftest import attempt, send

POST = Mail()
SMTP = "django.core.mail.backends.smtp.EmailBackend"


def post() -> list[mail.EmailMultiAlternatives]:
    """Deliver all e-mails and return them, without that of Olivia's opening funds."""
    relay_all(POST)
    dispatch_all(POST)
    return [one for one in mail.outbox if "Florin" not in one.subject]  # type: ignore[misc]


def a_delivery() -> Delivery:
    (found,) = deliveries().find({"payload.kind": "money_sent"})
    return Delivery.of(found)


@pytest.fixture
def sent(payer: Account, payee: Account) -> Delivery:
    """The delivery to somebody who has sent money."""
    send(payer, payee, "12.50", "tea")
    relay_all(POST)
    return a_delivery()


def test_both_sides_get_a_letter_with_both_parts(payer: Account, payee: Account) -> None:
    transaction = send(payer, payee, "250.50", "tea").transaction
    by_reader = {one.to[0]: one for one in post()}
    paid, received = by_reader["olivia.owner@example.com"], by_reader["samir.second@example.com"]
    assert paid.subject == "You sent ₹250.50 to Samir Second"
    assert received.subject == "You received ₹250.50 from Olivia Owner"
    for one in (paid, received):
        ((page, kind),) = one.alternatives
        assert kind == "text/html"
        for part in (str(one.body), str(page)):
            assert "₹250.50" in part
            assert str(transaction.id) in part
        assert "Hello" in str(one.body)
        assert one.from_email == "Florin <bank@florin.example>"


def test_a_refusal_says_why_to_the_sender_alone(payer: Account, payee: Account) -> None:
    attempt(payer, payee, 9_999, "k")
    (refused,) = post()
    assert refused.to == ["olivia.owner@example.com"]
    assert "There is not enough money in the account." in str(refused.body)


def test_names_and_reasons_are_text_and_no_markup(payer: Account, payee: Account) -> None:
    account_freeze(account_id=payee.id, reason="<b>Fraud & theft</b>", origin=COMMAND)
    (frozen,) = post()
    ((page, _),) = frozen.alternatives
    assert "<b>Fraud & theft</b>" in str(frozen.body)
    assert "&lt;b&gt;Fraud &amp; theft&lt;/b&gt;" in str(page)


def test_every_kind_of_story_has_its_words() -> None:
    assert set(_WORDS) == set(KINDS)


def test_a_repetition_can_be_recognised(sent: Delivery, payer: Account) -> None:
    reader = User.objects.get(pk=payer.owner)
    ids = {mail_message(sent, reader).message()["Message-ID"] for _ in range(2)}
    (one,) = ids
    assert one.endswith("@florin.example>")
    others = [Delivery.of(found) for found in deliveries().find({"_id": {"$ne": sent.id}})]
    assert others
    assert one not in {mail_message(other, reader).message()["Message-ID"] for other in others}


def test_somebody_who_is_gone_is_not_written_to(sent: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("banking.outbox.mail.users_by_ids", lambda ids: {})
    with pytest.raises(NoLongerWanted):
        POST.deliver(sent)
    assert mail.outbox == []


def test_no_mail_leaves_the_house_for_a_reserved_name(sent: Delivery, settings: Settings) -> None:
    settings.EMAIL_BACKEND = SMTP
    with pytest.raises(NoLongerWanted, match="reserved"):
        POST.deliver(sent)


def test_without_mail_there_are_no_deliveries(payer: Account, payee: Account, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    send(payer, payee, 1, "k")
    relay_all(POST)
    assert deliveries().count_documents({}) == 0


def test_outside_production_mail_is_a_file(sent: Delivery, settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    POST.deliver(sent)
    (file,) = (tmp_path / "mail").iterdir()
    assert "To: olivia.owner@example.com" in file.read_text()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (smtplib.SMTPRecipientsRefused({"a": (550, b"no such user")}), Undeliverable),
        (smtplib.SMTPRecipientsRefused({"a": (450, b"greylisted")}), DeliveryFailed),
        (smtplib.SMTPServerDisconnected("secret host"), DeliveryFailed),
        (ConnectionRefusedError("secret host"), DeliveryFailed),
        (TimeoutError("secret host"), DeliveryFailed),
    ],
)
def test_what_a_mail_server_answers(
    sent: Delivery, monkeypatch: pytest.MonkeyPatch, answer: Exception, outcome: type[Exception]
) -> None:
    def refuse(message: object) -> None:
        raise answer

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", refuse)
    with pytest.raises(outcome) as caught:
        POST.deliver(sent)
    assert "secret" not in str(caught.value)


def test_a_letter_is_in_the_language_that_its_reader_has_chosen(sent: Delivery, payer: Account) -> None:
    reader = User.objects.get(pk=payer.owner)
    reader.language = "pt-br"
    message = mail_message(sent, reader)
    ((page, _),) = message.alternatives
    assert message.subject == "Você enviou ₹\N{NO-BREAK SPACE}12,50 para Samir Second"
    for part in (str(message.body), str(page)):
        assert "Olá, Olivia," in part
        assert "₹\N{NO-BREAK SPACE}12,50" in part
        assert " de " in part
        assert not re.search(
            r"\b(you|the|sent|amount|hello)\b", re.sub(r"<style>.*</style>", "", part, flags=re.S), re.I
        )
    assert '<html lang="pt-br">' in str(page)
    assert get_language() == "en"


@pytest.mark.parametrize("kind", KINDS)
def test_every_letter_is_whole_in_portuguese(sent: Delivery, kind: str) -> None:
    data = {**sent.payload["data"], "reason": "insufficient_funds" if kind == "transfer_failed" else "Pedido seu"}
    written = replace(sent, payload={"kind": kind, "data": data})
    english = letter(written)
    with override("pt-br"):
        portuguese = letter(written)
    assert portuguese.subject != english.subject
    assert portuguese.sentence != english.sentence
    assert not {name for name, _ in english.facts} & {name for name, _ in portuguese.facts}
