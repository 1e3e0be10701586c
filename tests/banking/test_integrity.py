"""What administrators are told about the books is never better than what somebody has looked at lately."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo.database import Database
from pytest_django.fixtures import Settings

from banking.selectors.integrity import I7, I8, LASTS, MEANINGS, OK, UNKNOWN, VIOLATED, Integrity, integrity
from config.owner import as_owner
from ledger import sessions, store
from ledger.checkpoints import checkpoint_append
from ledger.findings import CHAIN, CHECKPOINT, I1, I2, I3, I4, I5, I6, MAX_VIOLATIONS, TOTALS, Report
from ledger.inspection import inspection_step
from ledger.records import now
from ledger.signing import PrivateKey, key_make
from ledger.verifications import full_record, round_running
from ledger.verify import verify
from tests.ledger.conftest import inspected
from tests.ledger.damages import damaged
from tests.profiler import watched
from tests.web.conftest import Bank, bank

__all__ = ["bank"]
READ = {I1, I2, I3, I4, I5, I6, CHAIN, TOTALS}


@pytest.fixture(autouse=True)
def quick(settings: Settings, bank_db: Database[dict[str, Any]]) -> Iterator[None]:
    """No rest between rounds."""
    settings.VERIFICATION_STEP_SECONDS = 0
    settings.VERIFICATION_ROUND_SECONDS = 0
    yield
    sessions.pool_reset()


@pytest.fixture
def key(settings: Settings) -> PrivateKey:
    private = PrivateKey(key_make())
    settings.CHECKPOINT_KEY, settings.CHECKPOINT_PUBLIC_KEYS = "", [private.public_text]
    return private


def states(known: Integrity) -> dict[str, str]:
    return {invariant.code: invariant.state for invariant in known.invariants}


def with_state(known: Integrity, state: str) -> set[str]:
    return {code for code, found in states(known).items() if found == state}


def note_of(known: Integrity, code: str) -> str:
    return next(invariant.note for invariant in known.invariants if invariant.code == code)


def verified() -> None:
    """Do as `manage.py verify_ledger` does."""
    started_at = now()
    full_record(verify(), started_at=started_at)


def head_lost(account: ObjectId) -> bytes:
    """Let an account's head be another; return the right one."""
    found = store.books().accounts.find_one({"_id": account})
    assert found is not None
    damaged("ledger_accounts", {"_id": account}, {"$set": {"head_hash": bytes(32)}})
    return bytes(found["head_hash"])


def head_found(account: ObjectId, head: bytes) -> None:
    damaged("ledger_accounts", {"_id": account}, {"$set": {"head_hash": head}})


def test_nothing_is_known_where_nobody_has_looked() -> None:
    known = integrity()
    assert [invariant.code for invariant in known.invariants] == list(MEANINGS)
    assert with_state(known, UNKNOWN) >= {*READ, CHECKPOINT}
    assert known.state == UNKNOWN
    assert all(invariant.at is None for invariant in known.invariants if invariant.code in READ)
    assert (known.full, known.finished, known.running, known.checkpoint) == (None, None, None, None)


def test_what_a_round_has_proved_holds(bank: Bank, key: PrivateKey) -> None:
    assert checkpoint_append(key) is not None
    before = now()
    inspected()
    known = integrity()
    assert with_state(known, OK) >= {*READ, CHECKPOINT, I8}
    assert all(invariant.at and invariant.at >= before for invariant in known.invariants if invariant.code in READ)
    assert known.checkpoint is not None
    assert known.checkpoint.number == 1
    assert known.state == OK


def test_the_owners_credentials_prove_nothing_about_the_history(bank: Bank) -> None:
    assert states(integrity())[I7] == OK
    with as_owner():
        known = integrity()
    assert states(known)[I7] == UNKNOWN
    assert "may do more than they should" in note_of(known, I7)


def test_an_invariant_is_known_as_soon_as_its_part_is_over(bank: Bank) -> None:
    while (running := round_running()) is None or running.phase == "accounts":
        inspection_step()
    assert with_state(integrity(), OK) & READ == {I2, I5, CHAIN}


def test_signatures_that_nobody_can_check_are_not_called_good(bank: Bank, settings: Settings) -> None:
    settings.CHECKPOINT_KEY, settings.CHECKPOINT_PUBLIC_KEYS = "", []
    assert checkpoint_append(PrivateKey(key_make())) is not None
    inspected()
    verified()
    known = integrity()
    assert states(known)[CHECKPOINT] == UNKNOWN
    assert "CHECKPOINT_PUBLIC_KEYS" in note_of(known, CHECKPOINT)
    assert known.state != OK


def test_a_clock_that_was_wrong_makes_nothing_good_for_years(
    bank: Bank, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VERIFICATION_ROUND_SECONDS = 300
    with monkeypatch.context() as ahead:
        for module in ("inspection", "verifications"):
            ahead.setattr(f"ledger.{module}.now", lambda: now() + timedelta(days=3_650))
        inspected()
    assert with_state(integrity(), OK) & READ == set()
    # And the next round does not wait until then.
    inspected()
    assert with_state(integrity(), OK) & READ == READ


def test_a_violation_is_told_while_the_round_still_runs(bank: Bank) -> None:
    inspected()
    head_lost(bank.owners.id)
    inspection_step()
    assert round_running() is not None
    known = integrity()
    assert with_state(known, VIOLATED) == {CHAIN}
    assert known.state == VIOLATED
    (violation,) = known.violations
    assert f"account {bank.owners.id} has another head" in violation.text


def test_a_violation_that_only_rounds_found_goes_with_the_next_round(bank: Bank) -> None:
    head = head_lost(bank.owners.id)
    inspected()
    assert integrity().state == VIOLATED
    head_found(bank.owners.id, head)
    inspected()
    assert with_state(integrity(), VIOLATED) == set()
    assert integrity().violations == []


def test_what_a_whole_verification_found_stands_until_the_next_one(bank: Bank) -> None:
    head = head_lost(bank.owners.id)
    verified()
    inspected()
    assert len(integrity().violations) == 1, "the same one is told once"
    head_found(bank.owners.id, head)
    inspected()
    known = integrity()
    assert with_state(known, VIOLATED) == {CHAIN}
    assert len(known.violations) == 1
    verified()
    assert with_state(integrity(), VIOLATED) == set()


def test_an_old_proof_proves_nothing(bank: Bank) -> None:
    inspected()
    long_ago = now() - LASTS - timedelta(minutes=1)
    store.verifications().update_many({}, {"$set": {f"proved.{I2}": long_ago}})
    known = integrity()
    assert states(known)[I2] == UNKNOWN
    assert note_of(known, I2) == "Nobody has looked since."
    assert states(known)[I1] == OK


def test_violations_are_bounded_and_the_rest_is_counted(bank: Bank) -> None:
    report = Report()
    for number in range(MAX_VIOLATIONS + 20):
        report.add(I2, f"number {number}")
    report.add(CHAIN, "and another")
    full_record(report, started_at=now())
    known = integrity()
    assert (len(known.violations), known.omitted) == (MAX_VIOLATIONS, 21)
    assert with_state(known, VIOLATED) == {I2, CHAIN}


def test_a_majority_that_does_not_keep_up_is_no_proof(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("banking.selectors.integrity.majority_lag_seconds", lambda: 300.0)
    known = integrity()
    assert states(known)[I8] == UNKNOWN
    assert "300 seconds behind" in note_of(known, I8)
    monkeypatch.setattr("banking.selectors.integrity.majority_lag_seconds", lambda: None)
    assert states(integrity())[I8] == UNKNOWN


def test_what_it_costs_does_not_grow_with_what_was_verified(bank: Bank, bank_db: Database[dict[str, Any]]) -> None:
    verified()
    inspected()
    last = store.verifications().find_one({"kind": "round"})
    assert last is not None
    costs = []
    for count in (0, 300):
        more = [{**last, "_id": Int64(1_000 + number)} for number in range(count)]
        if more:
            store.verifications().insert_many(more)
        with watched(bank_db) as operations:
            integrity()
        costs.append(len(operations))
        assert sum(operation.documents for operation in operations) <= 10
    assert costs[0] == costs[1] <= 10


def test_every_invariant_has_a_meaning_in_plain_words() -> None:
    assert set(MEANINGS) == {*READ, I7, I8, CHECKPOINT}
    assert all(meaning.endswith(".") for meaning in MEANINGS.values())
