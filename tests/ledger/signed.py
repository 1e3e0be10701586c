"""A signed bank: checkpoints that there is a reason for, and receipts as they come out of their files."""

import json
from typing import Any

from bson.objectid import ObjectId

from ledger.checkpoints import Checkpoint, checkpoint_append
from ledger.receipts import signed_receipt
from ledger.records import Account
from ledger.signing import PrivateKey


def appended(key: PrivateKey) -> Checkpoint:
    """Make the next checkpoint."""
    made = checkpoint_append(key)
    assert made is not None
    return made


def receipt_of(account: Account, transaction: ObjectId) -> Any:
    """Return the receipt as it comes out of its file."""
    return json.loads(json.dumps(signed_receipt(account=account, transaction_id=transaction)))
