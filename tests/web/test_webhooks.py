"""Webhooks in the browser: added, tested, renewed and removed by their owner, and by nobody else."""

import re
from typing import Any

import pytest
from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo.errors import DuplicateKeyError, WriteError
from pytest_django.fixtures import Settings

from accounts.models import User
from banking.outbox.records import DEAD, PENDING
from banking.services.webhooks import webhook_register
from banking.web.webhook_forms import EVENT_NAMES
from banking.webhooks.records import EVENTS, MOST_OF_OWNER, TEST, webhooks
from banking.webhooks.signing import SecretUnreadable, secret_open
from ledger.audit import COMMAND
from ledger.store import books, database
from tests.accounts.together import outcomes_together
from tests.cast import PASSWORD
from tests.database import owner_database
from tests.web.conftest import Bank
from tests.web.outbox import deliver
from tests.web.visitor import Visitor

URL = "http://127.0.0.1:9000/hook"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")


def add(visitor: Visitor, url: str = URL, **filled: Any) -> Visitor:
    return visitor.get("/webhooks").send("/webhooks", url=url, events=list(EVENTS), **filled)


def added(user: User, url: str = URL) -> tuple[Visitor, str]:
    """Add a webhook for somebody and return their browser and the webhook's address."""
    visitor = add(Visitor(user), url)
    (document,) = webhooks().find({"owner": user.pk, "url": url})
    return visitor, f"/webhooks/{document['_id']}"


def secret_of(user: User) -> str:
    (document,) = webhooks().find({"owner": user.pk})
    return secret_open(document["secret"])


def test_a_webhook_is_added_and_its_secret_shown_this_once(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get("/webhooks")
    assert "No webhook yet" in visitor.text
    add(visitor)
    assert visitor.status == 200
    (secret,) = set(SECRET.findall(visitor.response.content.decode()))
    assert secret == secret_of(bank.owner)
    assert "no-store" in visitor.response["Cache-Control"]
    (address,) = {link for link in visitor.page.links if link.startswith("/webhooks/")}
    for later in ("/webhooks", address, f"{address}/renew", f"{address}/remove"):
        assert "whsec" not in visitor.get(later).response.content.decode()
    assert "All events" in visitor.get("/webhooks").text


def test_a_copy_of_the_database_does_not_give_the_secret_away(bank: Bank, settings: Settings) -> None:
    visitor = add(Visitor(bank.owner))
    (secret,) = set(SECRET.findall(visitor.response.content.decode()))
    everything = owner_database(database().name)
    for name in everything.list_collection_names():
        for document in everything[name].find({}):
            assert secret not in str(document)
            assert secret.removeprefix("whsec_") not in str(document)
    settings.SECRET_KEY = "another" * 10
    with pytest.raises(SecretUnreadable):
        secret_of(bank.owner)


def test_all_kinds_of_events_are_wanted_unless_some_are_chosen(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get("/webhooks")
    form = visitor.response.content.decode()
    assert len(re.findall(r'name="events"[^>]* checked>', form)) == len(EVENTS)
    visitor.send("/webhooks", url=URL, events=["transaction.failed"])
    (document,) = webhooks().find({})
    assert document["events"] == ["transaction.failed"]
    assert f"1 of {len(EVENTS)} kinds of events" in visitor.get("/webhooks").text
    assert set(EVENT_NAMES) == {*EVENTS, TEST}


@pytest.mark.parametrize(
    ("url", "events", "said"),
    [
        ("", list(EVENTS), "This has to be filled in."),
        ("http://example.com/", list(EVENTS), "https"),
        ("https://10.0.0.1/", list(EVENTS), "reached from everywhere"),
        ("https://user:password@127.0.0.1/", list(EVENTS), "password"),
        ("http://127.0.0.1:9000/\r\nX-Evil: 1", list(EVENTS), "without spaces"),
        (URL, [], "at least one kind of event"),
        (URL, ["transaction.completed", "everything"], "not one of the available choices"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_added(bank: Bank, url: str, events: list[str], said: str) -> None:
    visitor = Visitor(bank.owner).get("/webhooks").send("/webhooks", url=url, events=events)
    assert visitor.status == 422
    assert said in visitor.text
    assert webhooks().count_documents({}) == 0


def test_operators_in_place_of_words_are_words(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get("/webhooks")
    values = {**visitor.form("/webhooks").values, "url[$ne]": "x", "events[$in]": "x"}
    assert visitor.post("/webhooks", values).status == 422
    assert visitor.get("/webhooks/{'$ne':null}").status == 404
    assert visitor.get("/webhooks?cursor[$gt]=").status == 200
    assert webhooks().count_documents({}) == 0


def test_the_same_address_twice_and_one_too_many_are_refused(bank: Bank) -> None:
    visitor = Visitor(bank.owner)
    add(visitor)
    assert "at this address already" in add(visitor, URL.upper().replace("HOOK", "hook")).text
    for number in range(MOST_OF_OWNER - 1):
        assert add(visitor, f"{URL}/{number}").status == 200
    token = visitor.get("/webhooks").form("/logout").values
    assert f"You have {MOST_OF_OWNER} webhooks" in visitor.text
    assert visitor.post("/webhooks", {**token, "url": f"{URL}/more", "events": TEST}).status == 422
    assert visitor.post("/webhooks", {**token, "url": f"{URL}/more", "events": EVENTS[0]}).status == 422
    assert webhooks().count_documents({}) == MOST_OF_OWNER
    assert add(Visitor(bank.second)).status == 200


def test_of_many_at_once_there_are_as_many_as_may_be(bank: Bank) -> None:
    def register(number: int) -> None:
        webhook_register(user=bank.owner, url=f"{URL}/{number}", wanted=EVENTS, origin=COMMAND)

    assert outcomes_together(12, register) == {"ok": MOST_OF_OWNER, "TooManyWebhooks": 12 - MOST_OF_OWNER}
    assert sorted(one["slot"] for one in webhooks().find({})) == list(range(1, MOST_OF_OWNER + 1))


def test_of_the_same_address_many_times_at_once_there_is_one(bank: Bank) -> None:
    def register(_: int) -> None:
        webhook_register(user=bank.owner, url=URL, wanted=EVENTS, origin=COMMAND)

    assert outcomes_together(8, register) == {"ok": 1, "WebhookExists": 7}


def test_the_database_keeps_the_rules_too(bank: Bank) -> None:
    add(Visitor(bank.owner))
    (document,) = webhooks().find({})
    changes: list[dict[str, Any]] = [
        {"slot": Int64(MOST_OF_OWNER + 1)},
        {"secret": "whsec_" + "A" * 43 + "="},
        {"url": "ftp://example.com/"},
        {"events": []},
        {"events": ["everything"]},
        {"state": "BUSY"},
        {"extra": 1},
    ]
    for change in changes:
        with pytest.raises(WriteError):
            webhooks().insert_one({**document, "_id": ObjectId(), "slot": Int64(2), "url": URL + "/2", **change})
    for change in ({"slot": Int64(2)}, {"url": URL + "/2"}):
        with pytest.raises(DuplicateKeyError):
            webhooks().insert_one({**document, "_id": ObjectId(), **change})


def test_the_secret_is_renewed_after_a_question(bank: Bank) -> None:
    visitor, address = added(bank.owner)
    old = secret_of(bank.owner)
    visitor.get(f"{address}/renew")
    assert "Renew the secret?" in visitor.text
    assert secret_of(bank.owner) == old
    visitor.send("/renew")
    assert secret_of(bank.owner) != old
    assert set(SECRET.findall(visitor.response.content.decode())) == {secret_of(bank.owner)}


def test_a_webhook_is_removed_after_a_question(bank: Bank) -> None:
    visitor, address = added(bank.owner)
    part = Visitor(bank.owner).get(f"{address}/remove", **{"HX-Request": "true"})
    assert "<html" not in part.response.content.decode()
    visitor.get(f"{address}/remove")
    assert "Remove this webhook?" in visitor.text
    visitor.send("/remove")
    assert (visitor.path, "was removed" in visitor.text) == ("/webhooks", True)
    assert webhooks().count_documents({}) == 0
    assert visitor.get(address).status == 404


def test_one_that_is_switched_off_says_why_and_is_switched_on(bank: Bank) -> None:
    visitor, address = added(bank.owner)
    webhooks().update_one({}, {"$set": {"state": "DISABLED", "reason": "The server answered 410."}})
    visitor.get(address)
    assert "The server answered 410." in visitor.text
    assert not [form for form in visitor.page.forms if form.action.endswith("/test")]
    token = visitor.form("/enable").values
    assert "Switch it on first" in visitor.post(f"{address}/test", token).text
    visitor.send("/enable")
    assert "is called again" in visitor.text
    assert webhooks().count_documents({"state": "ACTIVE", "reason": ""}) == 1


def test_a_test_is_an_event_about_this_webhook(bank: Bank) -> None:
    visitor, address = added(bank.owner)
    visitor.get(address).send("/test")
    assert "A test is on its way" in visitor.text
    assert "On its way" in visitor.text
    assert "No call yet" not in visitor.text
    (record,) = books().audit.find({"event": TEST})
    assert f"/webhooks/{record['subject']}" == address
    assert (record["actor"], record["accounts"]) == (bank.owner.pk, [])


@pytest.mark.parametrize(
    ("looks", "left"), [("10", "9"), ("99", "9"), ("1", "0"), ("0", None), ("-1", None), ("x", None), ("²", None)]
)
def test_after_a_test_the_page_looks_again_a_few_times(bank: Bank, looks: str, left: str | None) -> None:
    visitor, address = added(bank.owner)
    shown = visitor.get(f"{address}?looks={looks}").response.content.decode()
    assert re.findall(r'hx-get="[^"]*looks=(\d+)"', shown) == ([] if left is None else [left])


def test_what_is_done_is_written_down_without_the_address_or_the_secret(bank: Bank) -> None:
    visitor, address = added(bank.owner, f"{URL}?token=hidden")
    visitor.get(f"{address}/renew").send("/renew")
    visitor.get(f"{address}/remove").send("/remove")
    records = list(books().audit.find({"action": {"$regex": "^webhook"}}))
    assert [record["action"] for record in records] == [
        "webhook.registered",
        "webhook.secret_renewed",
        "webhook.removed",
    ]
    assert {record["actor"] for record in records} == {bank.owner.pk}
    assert "hidden" not in str(records)
    assert "whsec" not in str(records)


@pytest.mark.parametrize("path", ["", "/renew", "/remove", "/test", "/enable"])
def test_a_webhook_of_somebody_else_is_not_there(bank: Bank, path: str) -> None:
    _, address = added(bank.owner)
    before = webhooks().find_one({})
    for person in (bank.stranger, bank.admin):
        visitor = Visitor(person)
        token = visitor.get("/webhooks").form("/logout").values
        assert "127.0.0.1" not in visitor.text
        if path not in {"/test", "/enable"}:
            assert visitor.get(address + path).status == 404
        if path:
            assert visitor.post(address + path, token).status == 404
    assert webhooks().find_one({}) == before
    assert books().audit.count_documents({"event": TEST}) == 0


@pytest.mark.parametrize("path", ["", "/renew", "/remove", "/test", "/enable"])
def test_a_form_from_elsewhere_changes_nothing(bank: Bank, path: str) -> None:
    visitor, address = added(bank.owner)
    before = webhooks().find_one({})
    target = address + path if path else "/webhooks"
    assert visitor.post(target, {"url": f"{URL}/other", "events": EVENTS[0]}).status == 403
    assert list(webhooks().find({})) == [before]
    assert books().audit.count_documents({"event": TEST}) == 0


@pytest.mark.parametrize("number", ["nonsense", "0" * 24, "0" * 23, "ZZZZZZZZZZZZZZZZZZZZZZZZ", "0" * 2_000])
def test_an_id_that_is_none_is_not_found(bank: Bank, number: str) -> None:
    visitor = Visitor(bank.owner)
    for path in ("", "/renew", "/remove"):
        assert visitor.get(f"/webhooks/{number}{path}").status == 404


def test_nobody_is_let_in_without_a_sign_in(bank: Bank, visitor: Visitor) -> None:
    _, address = added(bank.owner)
    for path in ("/webhooks", address, f"{address}/remove", f"{address}/renew"):
        assert visitor.get(path).path == "/login"
    token = visitor.form("/login").values["csrfmiddlewaretoken"]
    visitor.post(f"{address}/remove", {"csrfmiddlewaretoken": token})
    assert "Nothing was sent" in visitor.text
    visitor.send("/login", email=bank.owner.email, password=PASSWORD)
    assert visitor.path == address
    assert webhooks().count_documents({}) == 1


def test_too_many_changes_are_told_to_wait(bank: Bank, settings: Settings) -> None:
    settings.RATE_LIMIT_STRICT = "1/15m"
    visitor = add(Visitor(bank.owner))
    assert add(visitor, f"{URL}/2").status == 429
    assert webhooks().count_documents({}) == 1


def call(user: User, number: int, **values: Any) -> None:
    """Put a call of the user's webhook into the log as the worker would."""
    (webhook,) = webhooks().find({"owner": user.pk})
    deliver(user, number, target=webhook["_id"], account=webhook["_id"], **values)


def test_the_log_says_what_became_of_each_call(bank: Bank) -> None:
    visitor, address = added(bank.owner)
    assert "No call yet" in visitor.get(address).text
    call(bank.owner, 1)
    call(bank.owner, 2, state=PENDING, attempts=Int64(3), last_error="The server answered 500.")
    call(bank.owner, 3, state=DEAD, attempts=Int64(34), last_error="The server takes no connection.")
    call(bank.owner, 4, state=PENDING, attempts=Int64(0), event="account.frozen")
    call(bank.owner, 5, last_error="The webhook was switched off.", event=TEST)
    text = visitor.get(address).text
    newest_first = ["A test", "Not sent", "On its way", "Given up", "Trying again", "the next is due", "Delivered"]
    places = [text.index(word, text.index("What happened")) for word in newest_first]
    assert places == sorted(places)
    assert "The server answered 500." in text
    assert "The server takes no connection." in text


def test_the_log_goes_on_at_a_cursor(bank: Bank) -> None:
    visitor, address = added(bank.owner)
    for number in range(1, 46):
        call(bank.owner, number, last_error=f"Note {number:02}.")
    seen: list[str] = []
    visitor.get(address)
    for _ in range(3):
        seen += re.findall(r"Note (\d\d)", visitor.text)
        more = [link for link in visitor.page.links if "cursor=" in link]
        if more:
            visitor.get(more[0] if more[0].startswith("/") else address + more[0])
    assert seen == [f"{number:02}" for number in range(45, 0, -1)]
    assert visitor.get(f"{address}?cursor=nonsense").status == 400
    assert "Nothing further back" in visitor.get(f"{address}?cursor=cG9zaXRpb246MQ").text
