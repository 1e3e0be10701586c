"""E-mails: what a customer is told at the bell is written to them as well.

The id of a message is made of its delivery, so that a mail server, or the reader, can tell one that was sent twice:
a worker that dies between the sending and the note of it leaves no other choice than to send again.
"""

import hashlib
import smtplib
from collections.abc import Iterable
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import override

from accounts.models import User
from accounts.selectors import users_by_ids
from banking.outbox.consumers import DeliveryFailed, News, NoLongerWanted, Recipient, Undeliverable
from banking.outbox.letters import letter
from banking.outbox.records import Delivery
from banking.outbox.stories import stories

# Names that belong to nobody (RFC 2606, RFC 6761), such as those of the demo: no mail leaves the house for them.
_RESERVED = (".example", ".invalid", ".test", ".localhost", "@localhost", "example.com", "example.net", "example.org")


class Mail:
    """Writes an e-mail for each story that a customer hears, if the bank sends any."""

    name = "email"

    def targets(self, news: News) -> Iterable[Recipient]:
        return [] if settings.EMAIL_BACKEND.endswith("dummy.EmailBackend") else stories(news)

    def deliver(self, delivery: Delivery) -> None:
        message = mail_message(delivery, _reader_of(delivery))
        try:
            message.send()
        except smtplib.SMTPRecipientsRefused as refused:
            raise _refusal(refused) from refused
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryFailed(f"The mail server did not take it ({type(error).__name__}).") from error


def mail_message(delivery: Delivery, reader: User) -> EmailMultiAlternatives:
    """Return the message, as text and as a page, in the language of its reader."""
    with override(reader.language or settings.LANGUAGE_CODE):
        return _message(delivery, reader)


def _message(delivery: Delivery, reader: User) -> EmailMultiAlternatives:
    words = letter(delivery)
    context = {"reader": reader, "letter": words}
    message = EmailMultiAlternatives(
        subject=words.subject,
        body=render_to_string("mail/letter.txt", context),
        to=[reader.email],
        headers={"Message-ID": _message_id(delivery), "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("mail/letter.html", context), "text/html")
    return message


def _reader_of(delivery: Delivery) -> User:
    reader = users_by_ids([delivery.owner]).get(delivery.owner)
    if reader is None or not reader.email:
        raise NoLongerWanted("There is nobody to write to.")
    if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend") and reader.email.endswith(_RESERVED):
        raise NoLongerWanted("Nobody gets mail at a reserved name.")
    return reader


def _message_id(delivery: Delivery) -> str:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{hashlib.sha256(delivery.id.encode()).hexdigest()[:32]}@{domain}>"


def _refusal(refused: smtplib.SMTPRecipientsRefused) -> Exception:
    """A mail server's code from 500 on is for good, one below is not."""
    codes = [code for code, _ in refused.recipients.values()]
    if codes and all(code >= 500 for code in codes):
        return Undeliverable(f"The mail server refuses the address ({codes[0]}).")
    return DeliveryFailed(f"The mail server refuses the address for now ({', '.join(map(str, codes))}).")
