"""Finding people."""

from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from accounts.errors import UserNotFound
from accounts.models import User, moment
from accounts.selectors import UsersPage, people_search, user_get, users_by_ids, users_page
from tests.accounts.explain import pipeline_sent, stages
from tests.profiler import watched


@pytest.fixture
def people(bank_db: object) -> dict[str, User]:
    """A few people with names that are easy to confuse."""
    names = [("João", "da Silva"), ("Joana", "Sá"), ("Ann Mary", "Jones"), ("A.B*", "Dot"), ("Silvia", "Joaquim")]
    users = [
        User(email=f"p{number}@example.com", first_name=first, last_name=last, password="x")
        for number, (first, last) in enumerate(names)
    ]
    User.objects.bulk_create(users)
    return {user.name: user for user in users}


def names(found: list[User]) -> set[str]:
    return {user.name for user in found}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("joao", {"João da Silva"}),
        ("JOÃ", {"João da Silva", "Joana Sá", "Silvia Joaquim"}),
        ("João da Si", {"João da Silva"}),
        ("da sil", {"João da Silva"}),
        ("sá", {"Joana Sá"}),
        ("ann  mary jo", {"Ann Mary Jones"}),
        ("P2@example.com", {"Ann Mary Jones"}),
        ("p2@example", set()),
        ("oao", set()),
        (".*", set()),
        ("a.b*", {"A.B* Dot"}),
        ("a.", {"A.B* Dot"}),
        ("^j", set()),
        ("$gt", set()),
        ("", set()),
        ("   ", set()),
        ("\x00", set()),
        ("\ud800", set()),
        ("x" * 300, set()),
    ],
)
def test_people_are_found_by_the_beginning_of_their_names(
    people: dict[str, User], words: str, expected: set[str]
) -> None:
    assert names(people_search(words=words, exclude=None)) == expected


@pytest.mark.parametrize("words", [{"$gt": ""}, ["a"], 5, None])
def test_words_that_are_no_text_find_nobody(people: dict[str, User], words: Any) -> None:
    assert people_search(words=words, exclude=None) == []


def test_search_leaves_out_the_asker_the_system_user_and_who_was_shut_out(
    owner: User, second: User, system_user: User
) -> None:
    assert people_search(words="olivia", exclude=owner.pk) == []
    assert people_search(words="system@example.com", exclude=None) == []
    assert people_search(words="sys", exclude=None) == []
    User.objects.filter(pk=second.pk).update(is_active=False)
    assert people_search(words="samir", exclude=None) == []


def test_search_returns_no_more_than_asked_for(people: dict[str, User]) -> None:
    assert len(people_search(words="j", exclude=None, limit=2)) == 2


@pytest.mark.parametrize("words", ["joa", "joao da", "p2@example.com"])
def test_search_uses_indexes(
    bank_db: Database[dict[str, Any]], people: dict[str, User], monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    pipeline = pipeline_sent(monkeypatch, lambda: people_search(words=words, exclude=ObjectId()))
    plan = stages(bank_db, "accounts_users", pipeline)
    assert "IXSCAN" in plan
    assert "COLLSCAN" not in plan


def test_user_get(owner: User) -> None:
    assert user_get(owner.pk).pk == owner.pk
    assert user_get(str(owner.pk)).email == owner.email
    for wrong in (ObjectId(), "nonsense", "", {"$gt": ""}, None):
        with pytest.raises(UserNotFound):
            user_get(wrong)  # type: ignore[arg-type] # on purpose: what the API receives may be anything


def test_user_get_returns_what_the_orm_would(owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(document="39053344705", last_login=owner.created_at)
    found, expected = user_get(owner.pk), User.objects.get(pk=owner.pk)
    for field in User._meta.concrete_fields:
        assert getattr(found, field.attname) == getattr(expected, field.attname), field.name
    assert found.created_at.utcoffset() == expected.created_at.utcoffset()
    found.last_name = "Ocean"
    found.save()
    assert User.objects.get().last_name == "Ocean"


def test_users_by_ids_is_one_query(bank_db: Database[dict[str, Any]], owner: User, second: User) -> None:
    with watched(bank_db) as queries:
        found = users_by_ids([owner.pk, second.pk, owner.pk, ObjectId()])
    assert {key: user.email for key, user in found.items()} == {owner.pk: owner.email, second.pk: second.email}
    assert found[owner.pk].created_at == User.objects.get(pk=owner.pk).created_at
    assert len(queries) == 1
    assert users_by_ids([]) == {}


def test_pages_of_everybody_are_newest_first_and_complete(people: dict[str, User]) -> None:
    seen: list[User] = []
    for page in (1, 2, 3):
        found = users_page(words="", page=page, limit=2)
        assert (found.total, found.has_next) == (5, page < 3)
        seen += found.users
    assert len(seen) == 5
    assert [user.pk for user in seen] == [user.pk for user in sorted(seen, key=_age, reverse=True)]
    assert users_page(words="", page=4, limit=2) == UsersPage([], 5, has_next=False)


def test_page_can_be_searched_by_name_and_beginning_of_address(people: dict[str, User]) -> None:
    found = users_page(words="joa", page=1, limit=2)
    assert (len(found.users), found.total, found.has_next) == (2, 3, True)
    assert names(users_page(words="P3@exa", page=1, limit=10).users) == {"A.B* Dot"}
    nobody = UsersPage([], 0, has_next=False)
    assert users_page(words=".*", page=1, limit=10) == nobody
    assert users_page(words="\x00", page=1, limit=10) == nobody


@pytest.mark.parametrize(("words", "everybody"), [("", 5), ("j", 4), ("p", 5)])
def test_pages_are_walked_from_the_last_person_on(people: dict[str, User], words: str, everybody: int) -> None:
    # All joined in one millisecond, so that it is the ids that tell who comes next.
    User.objects.update(created_at=moment())
    page = users_page(words=words, limit=2)
    walked = page.users
    while page.has_next:
        last = page.users[-1]
        page = users_page(words=words, limit=2, after=(last.created_at, last.pk))
        walked += page.users
    assert walked == sorted(walked, key=_age, reverse=True)
    assert len({user.pk for user in walked}) == len(walked) == everybody


def test_a_search_that_finds_too_many_is_not_counted(people: dict[str, User], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.selectors.MOST_FOUND", 2)
    found = users_page(words="j", limit=10)
    assert (len(found.users), found.total, found.has_next) == (2, None, False)


def test_pages_have_numbers_only_so_far(people: dict[str, User], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.selectors.NUMBERED_ROWS", 4)
    assert users_page(words="", page=9, limit=2) == users_page(words="", page=2, limit=2)


def test_page_is_bounded(people: dict[str, User]) -> None:
    assert len(users_page(words="", page=-3, limit=10**9).users) == 5
    assert len(users_page(words="", page=1, limit=0).users) == 1


def _age(user: User) -> tuple[Any, Any]:
    return user.created_at, user.pk
