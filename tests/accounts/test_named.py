"""Finding thousands of people at once, by whole addresses and whole names, in a query or two each."""

from typing import Any

import pytest
from pymongo.database import Database

from accounts.models import User
from accounts.selectors import Named, people_by_emails, people_by_names
from tests.asked import calls_watch
from tests.cast import person


@pytest.fixture
def people(bank_db: object) -> list[User]:
    return [
        person("joao@example.com", "João", "Sá Silva"),
        person("ada@example.com", "Ada", "Silva"),
        person("ada.too@example.com", "ADA", "Silva"),
        person("plato@example.com", "Plato", ""),
    ]


def test_addresses_are_whole_and_in_any_case(people: list[User]) -> None:
    found = people_by_emails(["JOAO@example.com", "ada@example", "nobody@example.com", ".*"])
    assert found == {"joao@example.com": Named(people[0].pk, "João Sá Silva")}
    assert people_by_emails([]) == {}


def test_names_are_whole_and_without_accents(people: list[User]) -> None:
    found = people_by_names(["joao sa silva", "joao", "plato", "nobody else", ""])
    assert found == {
        "joao sa silva": [Named(people[0].pk, "João Sá Silva")],
        "plato": [Named(people[3].pk, "Plato")],
    }


def test_a_last_name_alone_means_nobody(people: list[User]) -> None:
    assert people_by_names(["silva", "sa silva"]) == {}


def test_namesakes_are_both_found(people: list[User]) -> None:
    assert {one.id for one in people_by_names(["ada silva"])["ada silva"]} == {people[1].pk, people[2].pk}


def test_who_is_not_active_and_the_system_user_are_nobody(people: list[User], system_user: User) -> None:
    User.objects.filter(pk=people[3].pk).update(is_active=False)
    assert people_by_emails(["plato@example.com", "system@example.com"]) == {}
    assert people_by_names(["plato", "sys tem"]) == {}


def test_the_queries_are_few_and_use_the_indexes(
    people: list[User], bank_db: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        sent = calls_watch(patch, "find")
        people_by_emails([f"p{number}@example.com" for number in range(500)])
        people_by_names([f"ada {number}" for number in range(500)] + ["plato"])
    assert len(sent) == 3
    for query in (call.arguments[0] for call in sent):
        plan = bank_db["accounts_users"].find(query).explain()["queryPlanner"]["winningPlan"]
        assert "IXSCAN" in str(plan)
        assert "COLLSCAN" not in str(plan)
