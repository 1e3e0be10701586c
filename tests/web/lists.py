"""Lists of payments as somebody pays them in the browser."""

import csv
import io
import re

from bson.objectid import ObjectId
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from banking.run_records import Run, runs
from tests.banking.runs import settled
from tests.web.visitor import Visitor

TWO = "payee,amount,note\nsamir@example.com,12.50,Salary\nStella Stranger,3,\n"


def uploaded(visitor: Visitor, content: bytes | str, name: str = "may.csv", **more: str) -> Visitor:
    """Choose a file and send the form."""
    form = visitor.get("/send/many").form("/send/many")
    assert not form.disabled
    raw = content.encode() if isinstance(content, str) else content
    values = {**form.values, "file": SimpleUploadedFile(name, raw, content_type="text/csv"), **more}
    return visitor._arrive("/send/many", visitor.client.post("/send/many", values))


def run_of(visitor: Visitor) -> Run:
    """Return the run whose page is open."""
    document = runs().find_one({"_id": ObjectId(visitor.path.rsplit("/", 1)[1])})
    assert document
    return Run.of(document)


def done(visitor: Visitor, user: User) -> Visitor:
    """Wait for the run whose page is open and look at it again."""
    settled(user, run_of(visitor))
    return visitor.get(visitor.path)


def table(visitor: Visitor, address: str) -> list[list[str]]:
    """Download a CSV file."""
    response = visitor.client.get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="[\w.-]+\.csv"', response["Content-Disposition"])
    assert "no-store" in response["Cache-Control"]
    text = b"".join(response).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))
