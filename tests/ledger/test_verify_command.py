"""`manage.py verify_ledger` says what it found, to people and to programs, and keeps it."""

import json
from io import StringIO
from pathlib import Path

import pytest
from bson.int64 import Int64
from bson.objectid import ObjectId
from django.core.management import CommandError, call_command

from config.owner import as_owner
from ledger.checkpoints import checkpoint_append
from ledger.findings import CHAIN, I1, I2, I3, I4, I5, I6, TOTALS
from ledger.signing import PrivateKey
from ledger.verifications import full_latest
from ledger.verify import verify
from tests.ledger.damages import damaged, drop


def test_the_command_says_so_and_exits_with_one(busy: tuple[ObjectId, ObjectId]) -> None:
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    assert "The books are right" in out.getvalue()
    assert "24 entries" in out.getvalue()
    assert "refuses any change of entries, audit records and checkpoints to these credentials (I7)" in out.getvalue()
    damaged("ledger_accounts", {"_id": busy[0]}, {"$inc": {"balance_minor": Int64(5)}})
    with pytest.raises(CommandError) as failure:
        call_command("verify_ledger", stdout=out)
    assert failure.value.returncode == 1
    assert f"I2 account {busy[0]}" in out.getvalue()


def test_the_owner_may_check_the_books_and_is_told_so(busy: tuple[ObjectId, ObjectId]) -> None:
    out = StringIO()
    with as_owner():
        call_command("verify_ledger", stdout=out)
    assert "The books are right" in out.getvalue()
    assert "Checked with credentials that may change history (I7): ledger_audit: " in out.getvalue()


def test_the_command_answers_in_json(busy: tuple[ObjectId, ObjectId]) -> None:
    out = StringIO()
    call_command("verify_ledger", "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert said.pop("seconds") >= 0
    assert said == {
        "verification": 1,
        "right": True,
        "accounts": 6,
        "transactions": 13,
        "entries": 24,
        "violations": [],
        "omitted": 0,
        "history_excess": [],
        "signatures_checked": False,
    }
    damaged("ledger_accounts", {"_id": busy[0]}, {"$set": {"head_hash": bytes(32)}})
    out = StringIO()
    with pytest.raises(CommandError) as failure:
        call_command("verify_ledger", "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert (failure.value.returncode, said["right"]) == (1, False)
    assert [violation["code"] for violation in said["violations"]] == [CHAIN]


def test_the_result_of_the_command_is_kept(busy: tuple[ObjectId, ObjectId]) -> None:
    assert full_latest() is None
    call_command("verify_ledger", stdout=StringIO())
    drop("ledger_transactions", {"key": "failed"})
    with pytest.raises(CommandError):
        call_command("verify_ledger", stdout=StringIO())
    kept = full_latest()
    assert kept is not None
    assert (kept.number, kept.is_right, kept.finished_at is None) == (2, False, False)
    assert kept.report == verify()
    assert set(kept.proved) == {I1, I2, I3, I4, I5, I6, CHAIN, TOTALS}


@pytest.fixture
def kept(busy: object, signing_key: PrivateKey, tmp_path: Path) -> Path:
    """A checkpoint of the busy accounts, kept outside."""
    assert checkpoint_append(signing_key) is not None
    out = StringIO()
    call_command("export_checkpoint", stdout=out)
    path = tmp_path / "checkpoint.json"
    path.write_text(out.getvalue())
    return path


def test_a_checkpoint_kept_outside_is_compared(kept: Path) -> None:
    call_command("verify_ledger", "--checkpoint", str(kept), stdout=StringIO())
    drop("ledger_checkpoints", {"_id": Int64(1)})
    for seq in range(1, 4):
        drop("ledger_heads", {"index": Int64(3 - seq)})
    call_command("verify_ledger", stdout=StringIO())
    out = StringIO()
    with pytest.raises(CommandError) as failure:
        call_command("verify_ledger", "--checkpoint", str(kept), stdout=out)
    assert failure.value.returncode == 1
    assert "checkpoint the kept checkpoint 1 is not in this database" in out.getvalue()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"checkpoint": {}, "signature": "?"}'])
def test_what_is_no_checkpoint_is_refused(ledger_db: object, tmp_path: Path, text: str) -> None:
    path = tmp_path / "checkpoint.json"
    path.write_text(text)
    with pytest.raises(CommandError, match="is no checkpoint"):
        call_command("verify_ledger", "--checkpoint", str(path), stdout=StringIO())
    assert full_latest() is None
