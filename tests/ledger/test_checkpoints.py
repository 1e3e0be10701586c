"""Checkpoints sign all heads: who rewrites history is found out, and receipts prove themselves off-line."""

from collections.abc import Callable
from typing import Any

import pytest
from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo.database import Database
from pymongo.errors import WriteError

from ledger import checkpoints, leaves, store
from ledger.accounts import account_get
from ledger.attempts import AttemptOver
from ledger.chain import entry_hash
from ledger.checkpoint_check import heads_check, kept_check, latest_root_check, statements_check
from ledger.checkpoints import (
    LeavesForged,
    checkpoint_append,
    checkpoint_get,
    checkpoint_latest,
    public_keys,
)
from ledger.errors import ReceiptNotReady
from ledger.leaves import latest_leaves
from ledger.merkle import Tree, leaf_hash
from ledger.proof import NO_STATEMENT, receipt_check, statement_hash
from ledger.records import Account
from ledger.signing import PrivateKey, key_make
from tests.ledger.conftest import Opener, send
from tests.ledger.signed import appended, receipt_of


def wrong() -> list[str]:
    """Return everything that the checks find."""
    with store.client().start_session(snapshot=True) as session:
        found = [*statements_check(session, public_keys())]
        found += [violation for _, violation in heads_check(session) if violation is not None]
        found += latest_root_check(session)
    assert all(code == "checkpoint" for code, _ in found)
    return [sentence for _, sentence in found]


def test_nothing_is_signed_when_there_is_nothing(ledger_db: object, signing_key: PrivateKey) -> None:
    assert checkpoint_append(signing_key) is None
    assert checkpoint_latest() is None
    assert wrong() == []


def test_checkpoints_follow_from_one_another(open_account: Opener, signing_key: PrivateKey) -> None:
    one, two, _empty = open_account(100), open_account(50), open_account()
    first = appended(signing_key)
    assert checkpoint_append(signing_key) is None
    send(one, two, 3, "a")
    second = appended(signing_key)

    assert (first.number, second.number) == (1, 2)
    assert first.previous == NO_STATEMENT
    assert second.previous == statement_hash(first.statement)
    # Both customers and the system account.
    assert (first.accounts, second.accounts) == (3, 3)
    heads = {head["account"]: head for head in store.heads().find({"checkpoint": 2})}
    assert set(heads) == {one.id, two.id}
    for account in (one.id, two.id):
        kept = store.books().accounts.find_one({"_id": account})
        assert kept is not None
        assert heads[account]["head"] == kept["head_hash"]
        assert (heads[account]["first_seq"], heads[account]["last_seq"]) == (2, 2)
    assert wrong() == []
    assert checkpoint_get(1) == first
    assert checkpoint_latest() == second


def test_many_accounts_and_checkpoints_hold_together(
    open_account: Opener, signing_key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaves, "_ACCOUNTS_A_QUERY", 2)
    monkeypatch.setattr(leaves, "_HEADS_A_WRITE", 2)
    accounts = [open_account(100) for _ in range(7)]
    for turn in range(5):
        for step in range(turn):
            send(accounts[step], accounts[step + 1], 1, f"{turn}:{step}")
        checkpoint_append(signing_key)
        assert wrong() == []
    assert checkpoint_latest() is not None


def test_an_account_with_very_many_entries_is_signed_in_parts(
    open_account: Opener, signing_key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaves, "MOST_ENTRIES", 3)
    one, two = open_account(100), open_account()
    sent = [send(one, two, 1, f"{number}").transaction.id for number in range(7)]
    while checkpoint_append(signing_key) is not None:
        assert wrong() == []
    spans = [(head["first_seq"], head["last_seq"]) for head in store.heads().find({"account": one.id}).sort("_id", 1)]
    assert spans == [(1, 3), (4, 6), (7, 8)]
    for transaction in sent:
        receipt_check(receipt_of(one, transaction), public_keys())


def test_leaves_of_a_process_that_died_are_made_again(
    open_account: Opener, signing_key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = open_account(100), open_account()
    appended(signing_key)
    transaction = send(one, two, 1, "a").transaction.id
    with monkeypatch.context() as dying:
        dying.setattr(checkpoints, "_signed", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            checkpoint_append(signing_key)
    assert store.heads().count_documents({"checkpoint": 2}) == 2
    assert wrong() == []
    with pytest.raises(ReceiptNotReady):
        receipt_of(one, transaction)
    send(one, two, 1, "b")
    assert appended(signing_key).number == 2
    assert wrong() == []
    receipt_check(receipt_of(one, transaction), public_keys())


@pytest.mark.parametrize("stopped_at", ["checkpoint_latest", "_signed"])
def test_a_process_that_stood_still_takes_nothing_from_its_successor(
    open_account: Opener, signing_key: PrivateKey, monkeypatch: pytest.MonkeyPatch, stopped_at: str
) -> None:
    one, two = open_account(100), open_account()
    appended(signing_key)
    send(one, two, 1, "a")
    step = getattr(checkpoints, stopped_at)

    def stopped(*arguments: Any, **named: Any) -> Any:
        done = step(*arguments, **named)
        monkeypatch.setattr(checkpoints, stopped_at, step)
        assert appended(signing_key).number == 2
        send(one, two, 1, "b")
        return done

    monkeypatch.setattr(checkpoints, stopped_at, stopped)
    with pytest.raises(AttemptOver):
        checkpoint_append(signing_key)
    assert wrong() == []
    assert appended(signing_key).number == 3
    assert wrong() == []


def test_what_does_not_hold_together_is_not_signed(
    open_account: Opener, signing_key: PrivateKey, owner_db: Database[dict[str, Any]]
) -> None:
    one, two, three = open_account(100), open_account(), open_account(7)
    appended(signing_key)
    send(one, two, 1, "a")
    send(three, two, 1, "b")
    owner_db["ledger_accounts"].update_one({"_id": one.id}, {"$set": {"head_hash": b"\1" * 32}})
    assert appended(signing_key).accounts == 4
    assert {head["account"] for head in store.heads().find({"checkpoint": 2})} == {two.id, three.id}
    assert wrong() == []


# --- history rewritten by somebody with every right in the database -----------------------------------------------


def rechained(database: Database[dict[str, Any]], account: ObjectId) -> None:
    """Make every hash of an account anew, as a forger would who knows how."""
    previous = bytes(32)
    for entry in database["ledger_entries"].find({"account": account}).sort("seq", 1):
        hash_ = entry_hash({**entry, "previous_hash": previous})
        database["ledger_entries"].update_one(
            {"_id": entry["_id"]}, {"$set": {"previous_hash": previous, "hash": hash_}}
        )
        previous = hash_
    database["ledger_accounts"].update_one({"_id": account}, {"$set": {"head_hash": previous}})


def edit_and_rechain(database: Database[dict[str, Any]], account: ObjectId) -> None:
    database["ledger_entries"].update_one({"account": account, "seq": 2}, {"$set": {"note": "forged"}})
    rechained(database, account)


def drop_the_last_entry(database: Database[dict[str, Any]], account: ObjectId) -> None:
    database["ledger_entries"].delete_one({"account": account, "seq": 4})
    rechained(database, account)


def forge_the_leaf_too(database: Database[dict[str, Any]], account: ObjectId) -> None:
    edit_and_rechain(database, account)
    head = database["ledger_entries"].find_one({"account": account, "seq": 4})
    assert head is not None
    database["ledger_heads"].update_one({"account": account, "last_seq": 4}, {"$set": {"head": head["hash"]}})


def forge_leaf_and_root(database: Database[dict[str, Any]], account: ObjectId) -> None:
    forge_the_leaf_too(database, account)
    with store.client().start_session(snapshot=True) as session:
        leaves = list(latest_leaves(session))
    tree = Tree([leaf.hash for leaf in leaves])
    database["ledger_checkpoints"].update_one({"_id": 2}, {"$set": {"root": tree.root}})
    for index, leaf in enumerate(leaves):
        database["ledger_heads"].update_one(
            {"account": ObjectId(leaf.account), "checkpoint": 2}, {"$set": {"path": tree.path(index)}}
        )


def remove_a_leaf(database: Database[dict[str, Any]], account: ObjectId) -> None:
    database["ledger_heads"].delete_one({"account": account, "last_seq": 4})


def remove_a_checkpoint(database: Database[dict[str, Any]], account: ObjectId) -> None:
    database["ledger_checkpoints"].delete_one({"_id": 1})


def remove_an_old_leaf(database: Database[dict[str, Any]], account: ObjectId) -> None:
    """The bank's own credentials are enough for it; nobody would get a receipt for what it covers any more."""
    assert store.heads().delete_one({"account": account, "last_seq": 2}).deleted_count == 1


def hide_a_missing_leaf(database: Database[dict[str, Any]], account: ObjectId) -> None:
    store.heads().insert_one(slipped_in(account, checkpoint=3, seq=5))
    remove_a_leaf(database, account)


def leave_a_leaf_of_nothing(database: Database[dict[str, Any]], account: ObjectId) -> None:
    store.heads().insert_one(slipped_in(account, checkpoint=99, seq=5))


def slipped_in(account: ObjectId, *, checkpoint: int, seq: int) -> dict[str, Any]:
    """Return a leaf that anybody with the bank's credentials can add, over an entry that never was."""
    return {
        "_id": f"{checkpoint:016d}:{account}",
        "account": account,
        "checkpoint": Int64(checkpoint),
        "first_seq": Int64(seq),
        "last_seq": Int64(seq),
        "head": b"\7" * 32,
        "entries_root": Tree([leaf_hash(b"\7" * 32)]).root,
        "index": Int64(0),
        "path": [],
    }


def partner_of(account: ObjectId) -> ObjectId:
    entry = store.books().entries.find_one({"account": account, "seq": 3})
    assert entry is not None
    found: ObjectId = entry["counterparty"]
    return found


def sign_with_another_key(database: Database[dict[str, Any]], account: ObjectId) -> None:
    database["ledger_checkpoints"].delete_one({"_id": 2})
    database["ledger_heads"].delete_many({"checkpoint": 2})
    edit_and_rechain(database, account)
    assert checkpoint_append(PrivateKey(key_make())) is not None


FORGERIES: dict[str, tuple[Callable[[Database[dict[str, Any]], ObjectId], None], str]] = {
    "an entry edited, the account chained anew": (edit_and_rechain, "was changed"),
    "the last entry taken out": (drop_the_last_entry, "is gone"),
    "the leaf forged too": (forge_the_leaf_too, "did not sign"),
    "leaf, paths and root forged": (forge_leaf_and_root, "is not signed by a key of this bank"),
    "a leaf removed": (remove_a_leaf, "do not make the root"),
    "an old leaf removed": (remove_an_old_leaf, "its leaf is gone"),
    "a leaf removed behind one of the next checkpoint": (hide_a_missing_leaf, "do not make the root"),
    "a leaf of no checkpoint": (leave_a_leaf_of_nothing, "which was never made"),
    "a checkpoint removed": (remove_a_checkpoint, "checkpoint 1 is missing"),
    "signed again with another key": (sign_with_another_key, "is not signed by a key of this bank"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_every_forgery_is_found(signed_bank: Account, owner_db: Database[dict[str, Any]], forgery: str) -> None:
    forge, sentence = FORGERIES[forgery]
    assert wrong() == []
    forge(owner_db, signed_bank.id)
    found = wrong()
    assert any(sentence in one for one in found), found


def test_the_wrong_account_is_named(signed_bank: Account, owner_db: Database[dict[str, Any]]) -> None:
    edit_and_rechain(owner_db, signed_bank.id)
    assert all(f"account {signed_bank.id} entry" in one for one in wrong())


def test_what_was_taken_back_is_found_by_a_checkpoint_that_was_kept(
    signed_bank: Account, owner_db: Database[dict[str, Any]]
) -> None:
    kept = checkpoint_latest()
    assert kept is not None

    def found() -> list[str]:
        with store.client().start_session(snapshot=True) as session:
            return [one for _, one in kept_check(session, kept.statement, kept.signature, public_keys())]

    assert found() == []
    for collection in ("ledger_checkpoints", "ledger_heads"):
        owner_db[collection].delete_many({})
    edit_and_rechain(owner_db, signed_bank.id)
    assert wrong() == []
    assert len(found()) == 1
    assert "is not in this database" in found()[0]


# --- what the signer does not sign ---------------------------------------------------------------------------------


def test_a_leaf_that_was_slipped_in_is_not_signed(
    signed_bank: Account, open_account: Opener, signing_key: PrivateKey
) -> None:
    """Adding leaves is a right of the bank's own credentials. Signed, this one would prove an entry that never was."""
    open_account(5)
    system = store.books().accounts.find_one({"kind": "SYSTEM", "currency": "INR"})
    assert system is not None
    store.heads().insert_one(slipped_in(system["_id"], checkpoint=2, seq=system["seq"]))
    with pytest.raises(LeavesForged, match="not those that checkpoint 2 signed"):
        checkpoint_append(signing_key)
    # It goes as it came, and leaves nothing that was signed.
    store.heads().delete_one({"_id": f"{2:016d}:{system['_id']}"})
    assert appended(signing_key).number == 3
    assert wrong() == []


def test_nothing_is_signed_on_top_of_a_checkpoint_of_somebody_else(
    signed_bank: Account, open_account: Opener, signing_key: PrivateKey
) -> None:
    open_account(5)
    last = store.checkpoints().find_one({"_id": 2})
    store.checkpoints().insert_one({**(last or {}), "_id": Int64(3)})
    with pytest.raises(LeavesForged, match="not signed"):
        checkpoint_append(signing_key)


def test_no_leaf_can_hide_under_an_id_of_its_own(
    open_account: Opener, signing_key: PrivateKey, owner_db: Database[dict[str, Any]]
) -> None:
    one = open_account(100)
    leaf = slipped_in(one.id, checkpoint=1, seq=1)
    with pytest.raises(WriteError):
        store.heads().insert_one({**leaf, "_id": f"0:{one.id}"})
    owner_db.get_collection("ledger_heads").insert_one({**leaf, "_id": f"{1:016d}:{one.id}"})
    assert appended(signing_key).number == 1
    assert wrong() == []


def test_what_was_rewritten_is_not_signed_over(
    signed_bank: Account, signing_key: PrivateKey, owner_db: Database[dict[str, Any]]
) -> None:
    """With a new leaf of the bank's own, those that tell could be taken away and nothing would be left to see."""
    partner = account_get(partner_of(signed_bank.id))
    edit_and_rechain(owner_db, signed_bank.id)
    send(account_get(signed_bank.id), partner, 1, "d")
    made = appended(signing_key)
    assert store.heads().count_documents({"account": signed_bank.id, "checkpoint": made.number}) == 0
    assert store.heads().count_documents({"account": partner.id, "checkpoint": made.number}) == 1
    assert any("was changed" in one for one in wrong())


def test_a_hash_that_is_not_that_of_the_content_is_not_signed(
    signed_bank: Account, signing_key: PrivateKey, owner_db: Database[dict[str, Any]]
) -> None:
    """Put back afterwards, it would have left no trace but a signature under an entry that never was."""
    partner = account_get(partner_of(signed_bank.id))
    for key in "de":
        send(signed_bank, partner, 1, key)
    entries = owner_db["ledger_entries"]
    entries.update_one({"account": signed_bank.id, "seq": 5}, {"$set": {"hash": b"\7" * 32}})
    entries.update_one({"account": signed_bank.id, "seq": 6}, {"$set": {"previous_hash": b"\7" * 32}})
    made = appended(signing_key)
    assert store.heads().count_documents({"account": signed_bank.id, "checkpoint": made.number}) == 0
    assert store.heads().count_documents({"account": partner.id, "checkpoint": made.number}) == 1


# --- receipts -----------------------------------------------------------------------------------------------------
