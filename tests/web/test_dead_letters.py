"""What could not be delivered: administrators see why, and give it another chance; nobody else does."""

import re

import pytest
from pytest_django.fixtures import Settings

from banking.outbox.records import DEAD, PENDING, deliveries, streams
from banking.services import deliveries as services
from ledger.store import books
from tests.cast import PASSWORD
from tests.web.conftest import Bank
from tests.web.outbox import deliver
from tests.web.visitor import Visitor

ADDRESS = "/admin/dead-letters"


def die(bank: Bank, number: int, why: str = "The server answered 500.") -> str:
    return deliver(bank.owner, number, state=DEAD, last_error=why, account=bank.owners.id)


def test_no_dead_letters_and_what_still_waits_are_told(bank: Bank) -> None:
    deliver(bank.owner, 1, state=PENDING)
    visitor = Visitor(bank.admin).get(ADDRESS)
    assert "No dead letters" in visitor.text
    assert "1 delivery is waiting" in visitor.text
    assert "Try all again" not in visitor.text


def test_a_dead_letter_says_what_to_whom_and_why(bank: Bank) -> None:
    die(bank, 1)
    visitor = Visitor(bank.admin).get(ADDRESS)
    for word in (
        "Webhook: Money sent or received",
        "Olivia Owner",
        "INR",
        "The server answered 500.",
        "ago",
        "1 attempt,",
    ):
        assert word in visitor.text


def test_one_is_tried_again(bank: Bank) -> None:
    first, second = die(bank, 1, "First."), die(bank, 2, "Second.")
    visitor = Visitor(bank.admin).get(ADDRESS).send(f"/requeue/{first}")
    assert "as soon as its turn comes" in visitor.text
    assert ("First." in visitor.text, "Second." in visitor.text) == (False, True)
    (found,) = deliveries().find({"state": PENDING})
    assert (found["_id"], found["attempts"]) == (first, 0)
    assert streams().count_documents({}) == 1
    (record,) = books().audit.find({"action": "delivery.requeued"})
    assert record["actor"] == bank.admin.pk
    assert deliveries().count_documents({"_id": second, "state": DEAD}) == 1


def test_of_two_who_press_at_once_one_has_done_it(bank: Bank) -> None:
    name = die(bank, 1)
    one, two = Visitor(bank.admin).get(ADDRESS), Visitor(bank.admin).get(ADDRESS)
    one.send(f"/requeue/{name}")
    assert "not dead any more" in two.send(f"/requeue/{name}").text
    assert books().audit.count_documents({"action": "delivery.requeued"}) == 1


def test_all_are_tried_again_after_one_question(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_AT_ONCE", 4)
    for number in range(1, 7):
        die(bank, number)
    visitor = Visitor(bank.admin).get(f"{ADDRESS}/requeue-all")
    assert "6 deliveries get another day" in visitor.text
    assert deliveries().count_documents({"state": DEAD}) == 6
    visitor.send("/requeue-all")
    assert "4 deliveries are tried again" in visitor.text
    assert sorted(one["position"] for one in deliveries().find({"state": DEAD})) == [5, 6]
    part = visitor.get(f"{ADDRESS}/requeue-all", **{"HX-Request": "true"})
    assert "<html" not in part.response.content.decode()


def test_they_come_in_pages_newest_first(bank: Bank) -> None:
    for number in range(1, 26):
        die(bank, number, f"Reason {number:02}.")
    visitor = Visitor(bank.admin).get(ADDRESS)
    seen = re.findall(r"Reason (\d\d)", visitor.text)
    (more,) = {link for link in visitor.page.links if "cursor=" in link}
    seen += re.findall(r"Reason (\d\d)", visitor.get(f"{ADDRESS}{more}").text)
    assert seen == [f"{number:02}" for number in range(25, 0, -1)]
    assert visitor.get(f"{ADDRESS}?cursor=nonsense").status == 400


def test_what_a_server_wrote_is_text(bank: Bank) -> None:
    die(bank, 1, "<script>alert(1)</script>")
    html = Visitor(bank.admin).get(ADDRESS).response.content.decode()
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("path", ["", "/requeue-all", "/requeue/{}"])
def test_nobody_else_gets_in(bank: Bank, visitor: Visitor, path: str) -> None:
    name = die(bank, 1)
    address = ADDRESS + path.format(name)
    customer = Visitor(bank.owner)
    token = customer.get("/dashboard").form("/logout").values
    assert "Dead letters" not in customer.text
    if "{}" not in path:
        assert visitor.get(address).path == "/login"
        assert customer.get(address).status == 403
    if path:
        assert customer.post(address, token).status == 403
        assert Visitor(bank.admin).post(address, {}).status == 403
    assert deliveries().count_documents({"state": DEAD}) == 1


def test_a_session_that_ends_leads_back_and_changes_nothing(bank: Bank) -> None:
    name = die(bank, 1)
    visitor = Visitor(bank.admin).get(ADDRESS)
    form = visitor.form(f"/requeue/{name}")
    del visitor.client.cookies["florin_session"]
    visitor.post(form.action, form.values)
    assert "Nothing was sent" in visitor.text
    visitor.send("/login", email=bank.admin.email, password=PASSWORD)
    assert visitor.path == ADDRESS
    assert deliveries().count_documents({"state": DEAD}) == 1


def test_a_delivery_that_is_not_there_is_not_found(bank: Bank) -> None:
    visitor = Visitor(bank.admin)
    token = visitor.get("/admin/users").form("/logout").values
    for name in ("nonsense", "$ne", "x" * 3_000):
        assert visitor.post(f"{ADDRESS}/requeue/{name}", token).status == 404


def test_too_many_changes_are_told_to_wait(bank: Bank, settings: Settings) -> None:
    settings.RATE_LIMIT_STRICT = "1/15m"
    first, second = die(bank, 1), die(bank, 2)
    visitor = Visitor(bank.admin).get(ADDRESS)
    token = visitor.form(f"/requeue/{first}").values
    visitor.post(f"{ADDRESS}/requeue/{first}", token)
    assert visitor.post(f"{ADDRESS}/requeue/{second}", token).status == 429
    assert deliveries().count_documents({"state": DEAD}) == 1
