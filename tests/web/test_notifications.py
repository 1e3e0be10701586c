"""The bell and the page behind it: one's own, newest first, new until they were read."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo.database import Database
from pymongo.errors import ServerSelectionTimeoutError

from banking.outbox.records import NOTIFICATIONS, notifications
from banking.outbox.stories import KINDS
from banking.selectors.notifications import MOST_COUNTED, NOTIFICATIONS_A_PAGE
from banking.templatetags import outbox
from banking.web.views import notifications as views
from tests.profiler import watched
from tests.web.conftest import Bank
from tests.web.outbox import notify
from tests.web.visitor import Visitor


def bell(visitor: Visitor) -> str:
    """Return what the bell says to a screen reader."""
    (said,) = re.findall(r"Notifications(?:, [0-9+]+ new)?(?=</span>)", visitor.response.content.decode())
    return str(said)


def test_nothing_new_says_what_will_show_here(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get("/notifications")
    assert "Nothing new yet" in visitor.text
    assert bell(visitor) == "Notifications"
    assert "Mark all as read" not in visitor.text


def test_they_come_newest_first_and_lead_to_what_happened(bank: Bank) -> None:
    transaction = ObjectId(bank.pay("2.50"))
    for number in range(1, 46):
        notify(bank.second, number)
    notify(
        bank.second,
        99,
        data={"currency": "INR", "reason": "Lost card"},
        kind="account_frozen",
        account=bank.seconds.id,
    )
    last = notifications().find_one({"user": bank.second.pk}, sort=[("created_at", -1), ("_id", -1)], skip=1)
    assert last is not None
    notifications().update_one({"_id": last["_id"]}, {"$set": {"data.transaction": transaction}})
    visitor = Visitor(bank.second).get("/notifications")
    assert "Your INR account was frozen" in visitor.text
    assert "Lost card" in visitor.text
    seen: list[str] = []
    pages = 0
    while True:
        pages += 1
        seen += re.findall(r"Money from Payer (\d+)", visitor.text)
        more = [link for link in visitor.page.links if "cursor=" in link]
        if not more:
            break
        visitor.get(f"/notifications{more[0]}" if more[0].startswith("?") else more[0])
    assert seen == [f"{number:03}" for number in range(45, 0, -1)]
    assert pages == 3 == -(-46 // NOTIFICATIONS_A_PAGE)
    assert visitor.get(f"/transactions/{transaction}").status == 200


def test_of_the_same_moment_none_is_shown_twice_or_passed_over(bank: Bank) -> None:
    at = datetime.now(UTC)
    ids = {notify(bank.owner, number, created_at=at) for number in range(NOTIFICATIONS_A_PAGE + 5)}
    visitor = Visitor(bank.owner).get("/notifications")
    first = re.findall(r"Payer (\d+)", visitor.text)
    (more,) = {link for link in visitor.page.links if "cursor=" in link}
    second = re.findall(r"Payer (\d+)", visitor.get(f"/notifications{more}").text)
    assert len(first) == NOTIFICATIONS_A_PAGE
    assert len({*first, *second}) == len([*first, *second]) == len(ids)


@pytest.mark.parametrize("kind", [*KINDS, "something_new"])
def test_every_kind_has_words(bank: Bank, kind: str) -> None:
    data: dict[str, Any] = {"currency": "INR", "reason": "" if "account" in kind else None}
    if "account" not in kind:
        data |= {"amount": "1", "amount_minor": Int64(100), "counterparty": "", "transaction": ObjectId()}
    if kind == "transfer_failed":
        data |= {"reason": "insufficient_funds", "counterparty": "Samir"}
    notify(bank.owner, 1, kind=kind, data=data)
    visitor = Visitor(bank.owner).get("/notifications")
    assert visitor.status == 200
    assert ("Something happened" in visitor.text) == (kind == "something_new")
    assert "None" not in visitor.text


def test_the_bell_counts_what_is_new_to_this_person_alone(bank: Bank) -> None:
    for number in range(3):
        notify(bank.owner, number)
    notify(bank.second, 1)
    for page in ("/dashboard", "/notifications", "/nothing", "/send"):
        assert bell(Visitor(bank.owner).get(page)) == "Notifications, 3 new"
    assert "Notifications" not in Visitor().get("/login").text


def test_the_bell_counts_no_further_than_people_do(bank: Bank) -> None:
    for number in range(MOST_COUNTED):
        notify(bank.owner, number)
    assert bell(Visitor(bank.owner).get("/dashboard")) == "Notifications, 99 new"
    for number in range(5):
        notify(bank.owner, number)
    assert bell(Visitor(bank.owner).get("/dashboard")) == "Notifications, 99+ new"


def test_the_bell_costs_one_look_at_an_index(bank: Bank, bank_db: Database[dict[str, Any]]) -> None:
    for number in range(120):
        notify(bank.owner, number)
    visitor = Visitor(bank.owner)
    with watched(bank_db) as operations:
        visitor.get("/send/many")
    (counted,) = [one for one in operations if NOTIFICATIONS in one.command.values()]
    assert counted.keys <= MOST_COUNTED + 2
    assert counted.documents <= MOST_COUNTED + 1


def test_a_program_hears_no_bell(bank: Bank, bank_db: Database[dict[str, Any]]) -> None:
    visitor = Visitor(bank.owner)
    with watched(bank_db) as operations:
        visitor.client.get("/api/accounts")
    assert [one for one in operations if NOTIFICATIONS in one.command.values()] == []


def test_a_bell_that_cannot_count_loses_no_page(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: object) -> int:
        raise ServerSelectionTimeoutError("away")

    monkeypatch.setattr(outbox, "unread_of", away)
    assert Visitor(bank.owner).get("/dashboard").status == 200


def test_all_that_were_shown_are_marked_as_read_and_no_other(bank: Bank) -> None:
    for number in range(25):
        notify(bank.owner, number)
    notify(bank.second, 1)
    visitor = Visitor(bank.owner).get("/notifications")
    assert visitor.text.count("New: ") == NOTIFICATIONS_A_PAGE
    notify(bank.owner, 99)
    visitor.send("/notifications/read")
    assert "All notifications are marked as read" in visitor.text
    assert bell(visitor) == "Notifications, 1 new"
    assert visitor.text.count("New: ") == 1
    assert bell(Visitor(bank.second).get("/dashboard")) == "Notifications, 1 new"
    visitor.send("/notifications/read")
    assert "Mark all as read" not in visitor.text


@pytest.mark.parametrize("newest", ["", "x", "-1", "²", "9" * 14, "{}", "YXQ6MSBpZDox"])
def test_a_place_that_was_not_written_here_reads_nothing(bank: Bank, newest: str) -> None:
    notify(bank.owner, 1, created_at=datetime.now(UTC) - timedelta(days=1))
    visitor = Visitor(bank.owner).get("/notifications")
    assert visitor.send("/notifications/read", newest=newest).status == 400
    assert bell(visitor.get("/notifications")) == "Notifications, 1 new"


def test_reading_needs_a_form_of_this_site_and_a_sign_in(bank: Bank, visitor: Visitor) -> None:
    notify(bank.owner, 1)
    owner = Visitor(bank.owner).get("/notifications")
    values = {"newest": owner.form("/notifications/read").values["newest"]}
    assert owner.post("/notifications/read", values).status == 403
    assert visitor.get("/notifications").path == "/login"
    token = visitor.form("/login").values["csrfmiddlewaretoken"]
    visitor.post("/notifications/read", {**values, "csrfmiddlewaretoken": token})
    assert "Nothing was sent" in visitor.text
    assert notifications().count_documents({"read_at": None}) == 1


@pytest.mark.parametrize("cursor", ["nonsense", "YXQ6MSBpZDox", "cG9zaXRpb246MQ", "{}", "a" * 500])
def test_a_cursor_that_was_not_made_here_is_refused(bank: Bank, cursor: str) -> None:
    assert Visitor(bank.owner).get(f"/notifications?cursor={cursor}").status == 400


def test_opening_what_it_is_about_reads_it(bank: Bank) -> None:
    transaction = ObjectId(bank.pay("2.50"))
    about_money = notify(bank.second, 1, account=bank.seconds.id)
    notifications().update_one({"_id": about_money}, {"$set": {"data.transaction": transaction}})
    frozen = {"currency": "INR", "reason": ""}
    notify(bank.second, 2, data=frozen, kind="account_frozen", account=bank.seconds.id)
    visitor = Visitor(bank.second).get("/notifications")
    first, second = [link for link in visitor.page.links if re.fullmatch(r"/notifications/\w+:\w+", link)]
    visitor.get(first)
    assert (visitor.address, bell(visitor)) == (f"/dashboard?account={bank.seconds.id}", "Notifications, 1 new")
    visitor.get(second)
    assert (visitor.path, bell(visitor)) == (f"/transactions/{transaction}", "Notifications")
    assert Visitor(bank.owner).get(second).status == 404
    assert visitor.get("/notifications/nonsense").status == 404
    assert Visitor().get(second).path == "/login"


def test_one_is_marked_as_read_and_one_comes_back_to_the_same_list(bank: Bank) -> None:
    ids = [notify(bank.owner, number) for number in range(3)]
    visitor = Visitor(bank.owner).get("/notifications?show=unread")
    forms = [form for form in visitor.page.forms if "one" in form.values]
    assert [form.values["one"] for form in forms] == ids[::-1]
    visitor.post(forms[0].action, forms[0].values)
    assert visitor.address == "/notifications?show=unread"
    assert visitor.text.count("Payer") == 2
    part = visitor.client.post(forms[1].action, forms[1].values, headers={"HX-Request": "true"})
    assert part["HX-Trigger"] == "notifications-read"
    assert b"Payer 001" in part.content
    assert b"Mark as read" not in part.content
    stranger = Visitor(bank.stranger).get("/notifications")
    token = stranger.form("/logout").values["csrfmiddlewaretoken"]
    assert stranger.post("/notifications/read", {"csrfmiddlewaretoken": token, "one": ids[0]}).status == 404
    assert bell(visitor.get("/notifications")) == "Notifications, 1 new"


def test_only_what_is_new_is_shown_when_asked_for(bank: Bank) -> None:
    for number in range(NOTIFICATIONS_A_PAGE + 5):
        notify(bank.owner, number)
    for number in range(100, 103):
        notify(bank.owner, number, read_at=datetime.now(UTC))
    visitor = Visitor(bank.owner).get("/notifications?show=unread")
    (more,) = {link for link in visitor.page.links if "cursor=" in link}
    assert "show=unread" in more
    seen = re.findall(r"Payer (\d+)", visitor.text)
    part = visitor.get(f"/notifications{more}", **{"HX-Request": "true"})
    assert "Notifications" not in part.text
    seen += re.findall(r"Payer (\d+)", part.text)
    assert seen == [f"{number:03}" for number in range(NOTIFICATIONS_A_PAGE + 4, -1, -1)]
    visitor.get("/notifications?show=unread").send("/notifications/read")
    assert "You have read everything" in visitor.text


def look(visitor: Visitor, mark: str) -> Any:
    """Ask as the bell does."""
    return visitor.client.get(f"/notifications/bell?mark={mark}", headers={"HX-Request": "true"})


def mark_of(response: Any) -> str:
    (found,) = re.findall(r"/notifications/bell\?mark=([^\"]*)", response.content.decode())
    return str(found)


def test_the_bell_looks_again_and_says_once_what_has_come(bank: Bank) -> None:
    visitor = Visitor(bank.owner)
    mark = mark_of(visitor.get("/dashboard").response)
    assert look(visitor, mark).status_code == 204
    first = notify(bank.owner, 1)
    come = look(visitor, mark)
    assert "Notifications, 1 new" in come.content.decode()
    assert "You have 1 new notification." in come.content.decode()
    mark = mark_of(come)
    assert look(visitor, mark).status_code == 204
    # As many as before, and yet another one.
    notify(bank.owner, 2)
    notifications().update_one({"_id": first}, {"$set": {"read_at": datetime.now(UTC)}})
    changed = look(visitor, mark)
    assert "You have 1 new notification." in changed.content.decode()
    notifications().update_many({}, {"$set": {"read_at": datetime.now(UTC)}})
    read = look(visitor, mark_of(changed))
    assert read.status_code == 200
    assert "announcer" not in read.content.decode()
    assert mark_of(read) == mark_of(visitor.get("/dashboard").response)


def test_the_bell_is_quiet_when_one_is_signed_out_or_the_database_is_away(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = look(Visitor(), "0.")
    assert (answer.status_code, answer["HX-Reswap"], answer.content) == (286, "none", b"")
    visitor = Visitor(bank.owner)
    assert visitor.get("/notifications/bell").path == "/notifications"

    def away(_: object) -> None:
        raise ServerSelectionTimeoutError("away")

    monkeypatch.setattr(views, "unread_of", away)
    assert look(visitor, "0.").status_code == 204


def test_a_look_of_the_bell_costs_one_look_at_an_index(bank: Bank, bank_db: Database[dict[str, Any]]) -> None:
    for number in range(150):
        notify(bank.owner, number, read_at=datetime.now(UTC) if number % 2 else None)
    visitor = Visitor(bank.owner)
    look(visitor, "")
    with watched(bank_db) as operations:
        assert look(visitor, "1.").status_code == 200
    (counted,) = [one for one in operations if NOTIFICATIONS in one.command.values()]
    assert counted.keys <= MOST_COUNTED + 2
    assert not counted.sorted_in_memory
    assert len(operations) <= 3, [one.command for one in operations]
