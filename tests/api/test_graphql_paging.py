"""Connections: forward and backward by cursors that do not drift, at a number of calls that does not grow."""

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database

from accounts.models import User
from ledger.audit import COMMAND
from ledger.errors import TransferRefused
from ledger.records import Account
from ledger.transfers import transfer_execute
from tests.api.conftest import Cast, Program, account_with, signed_in
from tests.api.graphql import account_id, ask, codes_of, data_of
from tests.cast import person
from tests.profiler import watched

MOST_PAGES = 50
PAGE = """query ($first: Int, $after: String, $last: Int, $before: String, $account: ID) {
  transactions(first: $first, after: $after, last: $last, before: $before, accountId: $account) {
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { id } } } }"""
ACCOUNTS = """query ($first: Int, $after: String, $last: Int, $before: String) {
  accounts(first: $first, after: $after, last: $last, before: $before) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } } } }"""


def pay(cast: Cast, numbers: range) -> None:
    """Pay 1, and try to pay far too much every third time."""
    for number in numbers:
        pay_one(cast.owners, cast.seconds, str(number), "9000" if number % 3 == 2 else "1")


def pay_one(payer: Account, payee: Account, key: str, amount: str) -> None:
    assert payer.owner is not None
    try:
        transfer_execute(sender=payer, receiver=payee.id, amount=amount, key=key, owner=payer.owner, origin=COMMAND)
    except TransferRefused:
        assert amount == "9000"


def forward(program: Program, size: int, query: str = PAGE, **more: Any) -> Iterator[Any]:
    after = None
    for _ in range(MOST_PAGES):
        (page,) = data_of(ask(program, query, first=size, after=after, **more)).values()
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        yield page
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]
    pytest.fail("the list has no end")


def backward(program: Program, size: int, query: str = PAGE, **more: Any) -> Iterator[Any]:
    before = None
    for _ in range(MOST_PAGES):
        (page,) = data_of(ask(program, query, last=size, before=before, **more)).values()
        assert page["pageInfo"]["hasNextPage"] is (before is not None)
        yield page
        if not page["pageInfo"]["hasPreviousPage"]:
            return
        before = page["pageInfo"]["startCursor"]
    pytest.fail("the list has no end")


def ids_of(page: Any) -> list[str]:
    assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
    assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
    return [edge["node"]["id"] for edge in page["edges"]]


def flat(pages: list[Any]) -> list[str]:
    return [one for page in pages for one in ids_of(page)]


def whole(program: Program, **more: Any) -> list[str]:
    return flat(list(forward(program, 50, **more)))


@pytest.mark.parametrize("who", ["owner", "admin", "second"])
def test_both_directions_give_the_same_list(cast: Cast, who: str) -> None:
    pay(cast, range(12))
    program: Program = getattr(cast, who)
    everything = whole(program)
    assert len(everything) == {"owner": 13, "admin": 14, "second": 8}[who]
    assert flat(list(forward(program, 4))) == everything
    assert flat([*backward(program, 4)][::-1]) == everything
    sizes = [len(page["edges"]) for page in backward(program, 5)]
    assert sizes[0] == 5
    assert data_of(ask(program, "{ transactions { totalCount } }"))["transactions"]["totalCount"] == len(everything)


@pytest.mark.parametrize("walk", [forward, backward])
@pytest.mark.parametrize("who", ["owner", "admin"])
def test_nothing_drifts_when_money_moves_between_pages(cast: Cast, walk: Any, who: str) -> None:
    pay(cast, range(9))
    program: Program = getattr(cast, who)
    before, pages = whole(program), []
    for number, page in enumerate(walk(program, 3)):
        pages.append(page)
        if number < 2:
            pay(cast, range(100 + 3 * number, 103 + 3 * number))
    found = flat(pages if walk is forward else pages[::-1])
    assert len(found) == len(set(found))
    # Backward, what is new comes last: at the newest end.
    assert [one for one in found if one in before] == before
    assert len(found) == len(before) + (0 if walk is forward else 6)


def test_one_account_is_read_both_ways(cast: Cast) -> None:
    pay(cast, range(7))
    more = {"account": account_id(cast.owners)}
    for program in (cast.owner, cast.admin):
        everything = whole(program, **more)
        assert everything == flat([*backward(program, 3, **more)][::-1])
        assert len(everything) == 8


def test_accounts_are_read_both_ways_while_others_are_opened(cast: Cast) -> None:
    for number in range(6):
        account_with(person(f"p{number}@example.com", "Many", "Person"))
    before = flat(list(forward(cast.admin, 50, ACCOUNTS)))
    assert data_of(ask(cast.admin, ACCOUNTS))["accounts"]["totalCount"] == len(before)
    for walk in (forward, backward):
        pages = []
        for number, page in enumerate(walk(cast.admin, 4, ACCOUNTS)):
            pages.append(page)
            if number == 0:
                account_with(person(f"{walk.__name__}@example.com", "New", "Person"))
        found = flat(pages if walk is forward else pages[::-1])
        assert len(found) == len(set(found))
        assert found[: len(before)] == before


def test_a_page_from_the_middle_knows_both_sides(cast: Cast) -> None:
    pay(cast, range(6))
    everything = data_of(ask(cast.owner, PAGE))["transactions"]["edges"]
    cursors = [edge["cursor"] for edge in everything]
    middle = data_of(ask(cast.owner, PAGE, last=2, before=cursors[4]))["transactions"]
    assert [edge["cursor"] for edge in middle["edges"]] == cursors[2:4]
    assert middle["pageInfo"]["hasNextPage"]
    assert middle["pageInfo"]["hasPreviousPage"]
    newest = data_of(ask(cast.owner, PAGE, last=3, before=cursors[0]))["transactions"]
    assert (newest["edges"], newest["pageInfo"]) == (
        [],
        {"hasNextPage": True, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    )
    oldest = data_of(ask(cast.owner, PAGE, first=3, after=cursors[-1]))["transactions"]
    assert (oldest["edges"], oldest["pageInfo"]["hasPreviousPage"]) == ([], True)


@pytest.mark.parametrize(
    "arguments",
    [
        {"first": 1, "last": 1},
        {"first": 0},
        {"first": 51},
        {"first": -1},
        {"last": 0},
        {"last": 51},
        {"first": 1, "before": "x"},
        {"last": 1, "after": "x"},
        {"after": "x", "before": "x"},
    ],
)
def test_arguments_that_contradict_one_another_are_refused(cast: Cast, arguments: dict[str, Any]) -> None:
    for query in (PAGE, ACCOUNTS):
        answer = ask(cast.owner, query, **arguments)
        assert codes_of(answer) == ["invalid_input"]
        assert answer.body["errors"][0]["extensions"]["status"] == 400


@pytest.mark.parametrize("cursor", ["", "x", "%%%", "A", "ä", "\0", "\ud800", "QWNjb3VudDo1", "A" * 5_000, "aWQ6MQ=="])
def test_a_malformed_cursor_is_a_clean_error(cast: Cast, cursor: str) -> None:
    for program in (cast.owner, cast.admin):
        for query in (PAGE, ACCOUNTS):
            for arguments in ({"after": cursor}, {"before": cursor}):
                answer = ask(program, query, **arguments)
                assert codes_of(answer) == ["invalid_cursor"]
                assert answer.body["errors"][0]["message"] == "The cursor is not valid."


@pytest.mark.parametrize(
    "id", ["", "x", "%%%", "A", "ä", "\0", "\ud800", "QWNjb3VudDo1", "A" * 5_000, "0" * 23, "0" * 25]
)
def test_a_malformed_id_is_a_clean_error(cast: Cast, id: str) -> None:
    for query in (
        "query ($id: ID!) { node(id: $id) { id } }",
        "query ($id: ID!) { account(id: $id) { id } }",
        "query ($id: ID!) { transaction(id: $id) { id } }",
        "query ($id: ID!) { transactions(accountId: $id) { totalCount } }",
    ):
        answer = ask(cast.owner, query, id=id)
        assert codes_of(answer) == ["invalid_input"]
        assert "adding" not in str(answer.body)


# --- calls to the database ------------------------------------------------------------------------------------

FULL = """query ($first: Int, $account: ID) { transactions(first: $first, accountId: $account) {
    totalCount pageInfo { hasNextPage hasPreviousPage }
    edges { node { id amount sender { name document balance } receiver { name document balance status } } } } }"""
PEOPLE = """query ($first: Int) { accounts(first: $first) {
    totalCount pageInfo { hasNextPage } edges { node { name document balance } } } }"""


def calls(database: Database[dict[str, Any]], program: Program, query: str, **variables: Any) -> int:
    """Return how many commands are sent for a query."""
    with watched(database) as operations:
        data_of(ask(program, query, **variables))
    return len(operations)


@pytest.fixture
def busy(owner: User) -> Account:
    """An account that has paid fifty others."""
    payer = account_with(owner, 1_000)
    for number in range(50):
        payee = account_with(person(f"p{number}@example.com", "Many", "Person"))
        pay_one(payer, payee, f"{number}", "9000" if number % 5 == 4 else "1")
    return payer


def test_a_page_makes_the_same_calls_however_long_it_is(
    bank_db: Database[dict[str, Any]], owner: User, admin: User, busy: Account
) -> None:
    for user, more in ((owner, {}), (owner, {"account": account_id(busy)}), (admin, {})):
        program = signed_in(user)
        ask(program, FULL, first=1)
        few, many = (calls(bank_db, program, FULL, first=size, **more) for size in (2, 50))
        assert few == many <= 9
        data = data_of(ask(program, FULL, first=50, **more))["transactions"]
        assert len({edge["node"]["receiver"]["name"] for edge in data["edges"]}) >= 1
        assert len(data["edges"]) == 50
    # The first ones are the bank's own, which have no owner.
    few, many = (calls(bank_db, signed_in(admin), PEOPLE, first=size) for size in (10, 50))
    assert few == many <= 5


def test_nothing_is_counted_unless_somebody_asks(bank_db: Database[dict[str, Any]], cast: Cast) -> None:
    plain, counted = (
        calls(bank_db, cast.owner, f"{{ transactions {{ {field} edges {{ cursor }} }} }}")
        for field in ("", "totalCount")
    )
    assert counted == plain + 1
