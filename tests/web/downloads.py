"""Statements as a browser downloads them, and what they are made of."""

import csv
import io
from datetime import datetime
from typing import Any

from pypdf import PdfReader

from accounts.models import User
from ledger.audit import COMMAND
from ledger.records import Account
from ledger.transfers import funding_execute
from tests.web.visitor import Visitor

DASH = "\N{EN DASH}"
YEARS = "from=2000-01-01&to=2999-12-31"


class Downloader(Visitor):
    """A visitor whose browser keeps what it downloads."""

    def fetch(self, account: Account | str, kind: str, days: str = YEARS) -> "Downloader":
        number = account if isinstance(account, str) else account.id
        response: Any = self.client.get(f"/statements/{number}.{kind}?{days}")
        self.address, self.status, self.response = response.request["PATH_INFO"], response.status_code, response
        if response.streaming:
            response.content_kept = b"".join(response.streaming_content)
            response.close()
        return self

    @property
    def content(self) -> bytes:
        kept: bytes = getattr(self.response, "content_kept", b"") or self.response.content
        return kept

    def csv(self, account: Account, days: str = YEARS) -> tuple[dict[str, str], list[dict[str, str]]]:
        self.fetch(account, "csv", days)
        assert self.status == 200, self.response
        head, _, table = self.content.decode("utf-8-sig").partition("\r\n\r\n")
        return dict(csv.reader(io.StringIO(head))), list(csv.DictReader(io.StringIO(table)))

    def pdf(self, account: Account, days: str = YEARS) -> PdfReader:
        self.fetch(account, "pdf", days)
        assert self.status == 200, self.response
        return PdfReader(io.BytesIO(self.content))


def words_of(document: PdfReader) -> str:
    """Return all that can be read in a document."""
    return " ".join(" ".join(page.extract_text() for page in document.pages).split())


def fund(account: Account, amount: str, at: datetime, note: str = "") -> None:
    funding_execute(receiver=account.id, amount=amount, key=f"{at.isoformat()}", origin=COMMAND, note=note, at=at)


def rename(user: User, first_name: str, last_name: str) -> None:
    user.first_name, user.last_name = first_name, last_name
    user.save()
