"""Whether a majority of the database's nodes keeps up, of which every acknowledgement is waited for (I8)."""

from ledger import store


def majority_lag_seconds() -> float | None:
    """Return by how much the majority's last write is older than the primary's; None when it cannot be told.

    It cannot of a lone server, which has no majority, nor of a sharded cluster, whose router does not say.

    Raises:
        PyMongoError: the database does not answer.
    """
    hello = store.client().admin.command("hello")
    if "setName" not in hello:
        return None
    last = hello["lastWrite"]
    lag: float = (last["lastWriteDate"] - last["majorityWriteDate"]).total_seconds()
    return max(0.0, lag)
