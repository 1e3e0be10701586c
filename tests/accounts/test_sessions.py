"""A person's signed-in browsers: who sees them, what ends them, and what an attacker would try."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from bson.objectid import ObjectId
from django.contrib.auth import get_user, login
from django.contrib.sessions.backends.base import UpdateError
from django.http import HttpRequest
from pymongo.database import Database
from pymongo.errors import WriteError

from accounts import session_records, session_store
from accounts.errors import InvalidToken, SessionNotFound
from accounts.models import User, moment
from accounts.profile import profile_change
from accounts.session_records import AGENT_LENGTH, Visit, record_id
from accounts.session_store import SEEN_EVERY, SessionStore
from accounts.sessions import session_end, session_get_for_user, sessions_of_user, sign_ins_end
from accounts.tokens import access_authenticate, pair_issue
from tests.accounts.together import outcomes_together
from tests.cast import PASSWORD
from tests.database import owner_database

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0"


def signed_in(user: User, *, address: str = "203.0.113.7", agent: str = FIREFOX) -> SessionStore:
    """Sign a person in as the pages do, with the person as they were read before."""
    request = HttpRequest()
    session = SessionStore()
    session.visit = Visit(address, agent)
    request.session = session
    login(request, user, backend="accounts.backends.EmailBackend")
    session.save()
    return session


def person_behind(session: SessionStore) -> User | None:
    """Return who a request with this session's cookie comes from."""
    request = HttpRequest()
    request.session = SessionStore(session.session_key)
    user: Any = get_user(request)
    return user if user.is_authenticated else None


def key_of(session: SessionStore) -> str:
    assert session.session_key
    return session.session_key


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a write that no majority was waited for."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def stored(user: User) -> User:
    return User.objects.get(pk=user.pk)


def ids(user: User) -> set[str]:
    return {session.id for session in sessions_of_user(user=stored(user), current_key=None)}


def test_a_person_sees_their_own_sessions_with_this_one_first(owner: User, second: User) -> None:
    mine, others = signed_in(owner), signed_in(owner, address="2001:db8::1", agent="")
    signed_in(second)
    SessionStore().save()
    found = sessions_of_user(user=stored(owner), current_key=mine.session_key)
    assert [session.is_current for session in found] == [True, False]
    assert (found[0].agent, found[0].address) == (FIREFOX, "203.0.113.7")
    assert (found[1].id, found[1].address) == (record_id(key_of(others)), "2001:db8::1")
    assert abs(moment() - found[0].signed_in_at) < timedelta(minutes=1)


def test_the_database_never_holds_a_key(owner: User, bank_db: Database[dict[str, Any]]) -> None:
    session = signed_in(owner)
    (document,) = bank_db["accounts_sessions"].find()
    assert key_of(session) not in str(document)
    assert SessionStore(document["_id"]).get("_auth_user_id") is None


def test_an_ended_session_is_nobodys_at_once_and_not_brought_back(owner: User) -> None:
    mine, other = signed_in(owner), signed_in(owner)
    running = SessionStore(other.session_key)
    running["draft"] = 1
    session_end(user=stored(owner), session_id=record_id(key_of(other)))
    assert person_behind(other) is None
    assert person_behind(mine) == owner
    with pytest.raises(UpdateError):
        running.save()
    running.visit = Visit("198.51.100.1", "late")
    running.see()
    assert ids(owner) == {record_id(key_of(mine))}


@pytest.mark.parametrize("session_id", ["", "x", "f" * 64, "F" * 64, "\x00" * 64, "é" * 64, "f" * 100_000])
def test_an_unknown_session_cannot_be_ended(owner: User, session_id: str) -> None:
    session = signed_in(owner)
    with pytest.raises(SessionNotFound):
        session_end(user=stored(owner), session_id=session_id)
    with pytest.raises(SessionNotFound):
        session_get_for_user(user=stored(owner), session_id=session_id, current_key=None)
    assert person_behind(session) == owner


def test_somebody_elses_session_looks_like_none_and_goes_on(owner: User, stranger: User) -> None:
    session = signed_in(owner)
    for act in (session_end, lambda **values: session_get_for_user(**values, current_key=None)):
        with pytest.raises(SessionNotFound):
            act(user=stored(stranger), session_id=record_id(key_of(session)))
    assert person_behind(session) == owner


def test_the_key_itself_names_nothing(owner: User) -> None:
    session = signed_in(owner)
    with pytest.raises(SessionNotFound):
        session_end(user=stored(owner), session_id=key_of(session))


def test_a_new_password_ends_all_sessions_and_tokens_and_lists_none(owner: User) -> None:
    session, pair = signed_in(owner), pair_issue(user=owner)
    profile_change(user=stored(owner), password="nine loud herons", current_password=PASSWORD)
    assert ids(owner) == set()
    assert person_behind(session) is None
    with pytest.raises(InvalidToken):
        access_authenticate(token=pair.access)


def test_ending_the_browsers_leaves_the_tokens(owner: User) -> None:
    session, pair = signed_in(owner), pair_issue(user=owner)
    sign_ins_end(user=stored(owner), with_tokens=False)
    assert person_behind(session) is None
    assert access_authenticate(token=pair.access)[0] == owner
    assert person_behind(signed_in(stored(owner))) == owner


def test_ending_everything_ends_the_tokens_too(owner: User, second: User) -> None:
    session, pair, others = signed_in(owner), pair_issue(user=owner), signed_in(second)
    sign_ins_end(user=stored(owner), with_tokens=True)
    assert person_behind(session) is None
    assert person_behind(others) == second
    with pytest.raises(InvalidToken):
        access_authenticate(token=pair.access)
    assert access_authenticate(token=pair_issue(user=stored(owner)).access)[0] == owner


def test_a_sign_in_that_is_being_made_meanwhile_is_ended_too(owner: User) -> None:
    """The password was found right before everything was ended; the session is written after."""
    on_its_way = stored(owner)
    sign_ins_end(user=stored(owner), with_tokens=True)
    session, pair = signed_in(on_its_way), pair_issue(user=on_its_way)
    assert person_behind(session) is None
    assert ids(owner) == set()
    with pytest.raises(InvalidToken):
        access_authenticate(token=pair.access)


def test_of_sign_ins_and_an_end_at_once_only_later_ones_go_on(owner: User) -> None:
    before = stored(owner)
    sessions: list[SessionStore] = []

    def act(number: int) -> None:
        if number == 0:
            sign_ins_end(user=before, with_tokens=False)
        else:
            sessions.append(signed_in(stored(owner)))

    assert outcomes_together(8, act) == {"ok": 8}
    now = stored(owner).get_session_auth_hash()
    assert len(sessions) == 7
    for session in sessions:
        assert (person_behind(session) is not None) == (session["_auth_user_hash"] == now)


def test_of_two_who_end_the_other_one_wins(owner: User) -> None:
    """The loser's own sign-in was ended by the winner: it must not end the winner's."""
    readings = [stored(owner) for _ in range(8)]

    def end(number: int) -> None:
        sign_ins_end(user=readings[number], with_tokens=False)

    assert outcomes_together(8, end) == {"ok": 1, "InvalidToken": 7}
    assert stored(owner).session_epoch == 1


def test_whoever_asks_with_an_old_password_ends_nothing(owner: User) -> None:
    late = stored(owner)
    profile_change(user=stored(owner), password="nine loud herons", current_password=PASSWORD)
    session = signed_in(stored(owner))
    with pytest.raises(InvalidToken):
        sign_ins_end(user=late, with_tokens=True)
    assert person_behind(session) == owner


def test_a_person_without_epochs_is_at_nought(owner: User) -> None:
    """As a process of the version before would store them."""
    session, pair = signed_in(owner), pair_issue(user=owner)
    people = owner_database(_database_name())[User._meta.db_table]
    people.update_one({"_id": owner.pk}, {"$unset": {"session_epoch": "", "token_epoch": "", "language": ""}})
    assert person_behind(session) == owner
    found = access_authenticate(token=pair.access)[0]
    sign_ins_end(user=found, with_tokens=True)
    assert person_behind(session) is None
    assert (stored(owner).session_epoch, stored(owner).token_epoch) == (1, 1)


def _database_name() -> str:
    from django.db import connection

    return str(connection.settings_dict["NAME"])


def test_last_seen_is_written_once_a_minute_and_never_more(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    session = signed_in(owner)
    written: list[str] = []
    monkeypatch.setattr(session_records, "record_seen", lambda *_, **__: written.append("seen"))

    def request_at(later: timedelta) -> None:
        now = moment() + later
        monkeypatch.setattr(session_store, "moment", lambda: now)
        asking = SessionStore(session.session_key)
        asking.load()
        asking.see()

    request_at(SEEN_EVERY - timedelta(seconds=5))
    assert written == []
    request_at(SEEN_EVERY + timedelta(seconds=5))
    assert written == ["seen"]


def test_last_seen_says_when_and_from_where(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    session = signed_in(owner)
    later = moment() + timedelta(minutes=5)
    monkeypatch.setattr(session_store, "moment", lambda: later)
    asking = SessionStore(session.session_key)
    asking.load()
    asking.visit = Visit("198.51.100.9", "Elsewhere")
    asking.see()
    wait_until(lambda: sessions_of_user(user=stored(owner), current_key=None)[0].seen_at == later)
    (found,) = sessions_of_user(user=stored(owner), current_key=None)
    assert (found.seen_at, found.address, found.agent) == (later, "198.51.100.9", "Elsewhere")
    assert found.signed_in_at < later - timedelta(minutes=4)


def test_a_huge_or_strange_browser_is_cut_and_kept(owner: User) -> None:
    signed_in(owner, agent="x" * 1_000_000, address="y" * 10_000)
    signed_in(owner, agent="\ud800\x00{$gt: ''}", address="")
    agents = sorted(session.agent for session in sessions_of_user(user=stored(owner), current_key=None))
    assert agents[1] == "x" * AGENT_LENGTH
    assert "$gt" in agents[0]


def test_a_key_that_was_given_by_somebody_else_is_not_used(owner: User) -> None:
    """Session fixation: neither a made-up key nor one that the attacker had before the sign-in is the person's."""
    before = SessionStore()
    before["draft"] = 1
    before.save()
    for key in ("a" * 32, before.session_key):
        request = HttpRequest()
        request.session = SessionStore(key)
        login(request, owner, backend="accounts.backends.EmailBackend")
        request.session.save()
        assert request.session.session_key != key
        assert SessionStore(key).get("_auth_user_id") is None


@pytest.mark.parametrize(
    "change",
    [
        {"_id": "k" * 32},
        {"user": "somebody"},
        {"stamp": None},
        {"signed_in_at": None},
        {"agent": "x" * 500},
        {"expires_at": None},
        {"session_key": "k" * 32},
    ],
)
def test_the_database_refuses_a_record_that_is_none(owner: User, bank_db: Any, change: dict[str, Any]) -> None:
    signed_in(owner)
    (document,) = bank_db["accounts_sessions"].find()
    with pytest.raises(WriteError):
        bank_db["accounts_sessions"].insert_one({**document, "_id": "f" * 64, **change})


def test_sessions_are_found_by_an_index_and_removed_by_the_database(owner: User) -> None:
    collection = owner_database(_database_name())["accounts_sessions"]
    assert collection.index_information()["expires_at_1"]["expireAfterSeconds"] == 0
    query = {"user": owner.pk, "stamp": {"$in": ["x"]}, "expires_at": {"$gt": moment()}}
    plan = str(collection.find(query).sort("seen_at", -1).explain()["queryPlanner"]["winningPlan"])
    assert "user_1_seen_at_-1" in plan
    assert "COLLSCAN" not in plan
    assert "'SORT'" not in plan


def test_what_is_no_id_of_a_person_belongs_to_nobody(bank_db: Any) -> None:
    session = SessionStore()
    session["_auth_user_id"] = "nonsense"
    session["_auth_user_hash"] = "x"
    session.save()
    (document,) = bank_db["accounts_sessions"].find()
    assert (document["user"], document["stamp"]) == (None, None)
    assert sessions_of_user(user=User(pk=ObjectId()), current_key=session.session_key) == []
