"""Merkle trees as in RFC 9162, section 2.1 (Certificate Transparency): SHA-256, leaves and nodes hashed apart.

A tree of any number of leaves has one root, and a path of a few hashes proves that a leaf is in it. The standard
library alone, because receipts are checked far from the bank.
"""

from collections.abc import Sequence
from hashlib import sha256

_LEAF, _NODE = b"\0", b"\1"


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf's data."""
    return sha256(_LEAF + data).digest()


class Tree:
    """A tree over leaves that are all known; costs twice as many hashes as there are leaves.

    Args:
        leaves: the hashes of the leaves (`leaf_hash`), in order.
    """

    def __init__(self, leaves: Sequence[bytes]) -> None:
        # Splitting at the largest power of two, as the RFC does, gives the same nodes as joining pairs from the
        # left, where one that is left over goes up as it is.
        self._levels: list[Sequence[bytes]] = [leaves]
        while len(self._levels[-1]) > 1:
            self._levels.append(_joined(self._levels[-1]))

    @property
    def root(self) -> bytes:
        """The hash over all leaves; that of nothing for none."""
        top = self._levels[-1]
        return top[0] if top else sha256().digest()

    def path(self, index: int) -> list[bytes]:
        """Return the hashes that lead from a leaf to the root, from the lowest (section 2.1.3.1).

        Args:
            index: of the leaf, from 0.
        """
        if not 0 <= index < len(self._levels[0]):
            raise IndexError(f"the tree has {len(self._levels[0])} leaves and no number {index}")
        hashes = []
        for level in self._levels[:-1]:
            sibling = index ^ 1
            if sibling < len(level):
                hashes.append(level[sibling])
            index >>= 1
        return hashes


def _joined(level: Sequence[bytes]) -> list[bytes]:
    pairs = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs


def root_of(leaf: bytes, *, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root to which a path leads from a leaf (section 2.1.3.2), None for a path of a wrong length.

    Args:
        leaf: its hash.
        index: its place, from 0.
        size: how many leaves the tree has.
        path: as `Tree.path` gave it.
    """
    if not 0 <= index < size:
        return None
    last, found = size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if index % 2 or index == last:
            found = _node(sibling, found)
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            found = _node(found, sibling)
        index, last = index >> 1, last >> 1
    return found if last == 0 else None


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()
