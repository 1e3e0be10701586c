"""Receipts of single entries: who gets one, that it stays small, and that nothing in it can be changed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bson.int64 import Int64
from pymongo.database import Database

from ledger import store
from ledger.checkpoints import (
    public_keys,
)
from ledger.errors import ReceiptNotProved, ReceiptNotReady, TransactionNotFound
from ledger.proof import ProofInvalid, receipt_check
from ledger.receipts import entry_checkpoint
from ledger.records import Account
from ledger.signing import KeyInvalid, PrivateKey, PublicKey, key_make
from tests.ledger.conftest import Opener, attempt, send
from tests.ledger.signed import appended, receipt_of

ROOT = Path(__file__).resolve().parent.parent.parent


def test_both_sides_get_a_receipt_that_proves_their_own_entry(open_account: Opener, signing_key: PrivateKey) -> None:
    one, two = open_account(100), open_account()
    transaction = send(one, two, "2.50", "a", note="Tea").transaction.id
    with pytest.raises(ReceiptNotReady):
        receipt_of(one, transaction)
    assert entry_checkpoint(account=one, seq=2) is None
    checkpoint = appended(signing_key)
    assert entry_checkpoint(account=one, seq=2) == checkpoint
    for account, direction in ((one, "DEBIT"), (two, "CREDIT")):
        entry = receipt_check(receipt_of(account, transaction), public_keys())
        assert entry["account"] == str(account.id)
        assert (entry["direction"], entry["amount_minor"], entry["note"]) == (direction, "250", "Tea")


def test_nobody_else_gets_one(open_account: Opener, signing_key: PrivateKey) -> None:
    one, two, stranger = open_account(100), open_account(), open_account(5)
    transaction = send(one, two, 1, "a").transaction.id
    refused = attempt(one, two, 9_000, "b").transaction.id
    appended(signing_key)
    with pytest.raises(TransactionNotFound):
        receipt_of(stranger, transaction)
    with pytest.raises(TransactionNotFound):
        receipt_of(one, refused)


def test_a_receipt_stays_small(open_account: Opener, signing_key: PrivateKey) -> None:
    one, two = open_account(1_000), open_account()
    sent = [send(one, two, 1, f"{number}").transaction.id for number in range(100)]
    appended(signing_key)
    receipt = receipt_of(two, sent[40])
    receipt_check(receipt, public_keys())
    assert len(json.dumps(receipt)) < 3_000


def test_no_receipt_is_handed_out_that_proves_nothing(
    signed_bank: Account, owner_db: Database[dict[str, Any]]
) -> None:
    entry = store.books().entries.find_one({"account": signed_bank.id, "seq": 2})
    assert entry is not None
    owner_db["ledger_entries"].update_one({"_id": entry["_id"]}, {"$inc": {"amount_minor": Int64(1)}})
    with pytest.raises(ReceiptNotProved):
        receipt_of(signed_bank, entry["transaction"])


WRONG_VALUES: list[Any] = ["", "0", "1" * 64, None, 7, [], {}, "é", "-1", "9" * 5_000]


def leaves_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every text in a receipt."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inner is None:
        return [path]
    return [found for name, one in inner for found in leaves_of(one, (*path, name))]


def changed(receipt: Any, path: tuple[Any, ...], value: Any) -> Any:
    copy = json.loads(json.dumps(receipt))
    place = copy
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return copy


def test_a_receipt_with_anything_changed_proves_nothing(open_account: Opener, signing_key: PrivateKey) -> None:
    one, two = open_account(100), open_account(4)
    sent = [send(one, two, 1, f"{number}").transaction.id for number in range(5)]
    appended(signing_key)
    receipt = receipt_of(one, sent[2])
    receipt_check(receipt, public_keys())
    for path in leaves_of(receipt):
        for value in WRONG_VALUES:
            forged = changed(receipt, path, value)
            if forged == receipt:
                continue
            with pytest.raises(ProofInvalid):
                receipt_check(forged, public_keys())


@pytest.mark.parametrize("thing", [None, [], {}, "receipt", 7, {"format": "florin-receipt/1"}, {"format": []}])
def test_what_is_no_receipt_is_said_to_be_none(thing: Any, signing_key: PrivateKey) -> None:
    with pytest.raises(ProofInvalid):
        receipt_check(thing, public_keys())


def test_another_banks_receipt_is_not_this_banks(open_account: Opener, signing_key: PrivateKey) -> None:
    one, two = open_account(100), open_account()
    transaction = send(one, two, 1, "a").transaction.id
    appended(signing_key)
    other = PublicKey(PrivateKey(key_make()).public_text)
    with pytest.raises(ProofInvalid, match="not signed by this key"):
        receipt_check(receipt_of(one, transaction), [other])


@pytest.mark.parametrize("text", ["", "no base64 at all", "AAAA", "é"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(KeyInvalid):
        PublicKey(text)
    with pytest.raises(KeyInvalid):
        PrivateKey(text)


def checked(file: Path, key: str) -> subprocess.CompletedProcess[str]:
    """Check as a customer would: the file and the key, and nothing of the bank in the environment."""
    command = [sys.executable, "-m", "ledger.receipt_check", str(file), "--key", key]
    return subprocess.run(
        command, cwd=ROOT, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )


def test_a_command_checks_a_receipt_off_line(open_account: Opener, signing_key: PrivateKey, tmp_path: Path) -> None:
    one, two = open_account(100), open_account()
    transaction = send(one, two, "2.50", "a", note="Tea").transaction.id
    appended(signing_key)
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(receipt_of(one, transaction)))

    good = checked(file, signing_key.public_text)
    assert good.returncode == 0, good.stderr
    assert "PROVED" in good.stdout
    assert str(transaction) in good.stdout
    assert "250 in the smallest unit of INR" in good.stdout
    assert "9750 after it" in good.stdout

    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps({"success": True, "receipt": receipt_of(one, transaction)}))
    assert checked(answer, signing_key.public_text).stdout == good.stdout
    answer.write_text(json.dumps({"success": True, "receipt": None}))
    assert checked(answer, signing_key.public_text).returncode == 1

    assert checked(file, PrivateKey(key_make()).public_text).returncode == 1
    assert checked(file, "nonsense").returncode == 2
    missing = checked(tmp_path / "missing.json", signing_key.public_text)
    assert (missing.returncode, "missing.json cannot be read: No such file" in missing.stderr) == (2, True)
    file.write_text(file.read_text().replace('"250"', '"950"'))
    forged = checked(file, signing_key.public_text)
    assert forged.returncode == 1
    assert "NOT PROVED" in forged.stderr
    file.write_bytes(b"\xff{" * 10)
    assert checked(file, signing_key.public_text).returncode == 1


def test_without_the_package_it_says_what_is_missing_and_not_that_a_receipt_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "cryptography.py").write_text(
        "raise ModuleNotFoundError('No module named cryptography', name='cryptography')"
    )
    found = subprocess.run(
        [sys.executable, "-m", "ledger.receipt_check", "receipt.json", "--key", "AAAA"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == "The package cryptography is missing: python3 -m pip install cryptography\n"


def test_a_private_key_does_not_show_itself() -> None:
    text = key_make()
    assert text not in repr(PrivateKey(text))
