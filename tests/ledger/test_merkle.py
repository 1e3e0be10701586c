"""Trees of RFC 9162, against its own recursive definition and the known answers of Certificate Transparency."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle import Tree, leaf_hash, root_of

# The well-known leaves of Certificate Transparency's reference tests, and the roots of their first n.
LEAVES = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
LEAVES.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def by_definition(data: list[bytes]) -> bytes:
    """Return the root as section 2.1.1 defines it."""
    if len(data) <= 1:
        return leaf_hash(data[0]) if data else sha256().digest()
    split = 1
    while split * 2 < len(data):
        split *= 2
    return sha256(b"\1" + by_definition(data[:split]) + by_definition(data[split:])).digest()


def tree(data: list[bytes]) -> Tree:
    return Tree([leaf_hash(one) for one in data])


@pytest.mark.parametrize("count", ROOTS)
def test_roots_are_the_known_ones(count: int) -> None:
    assert tree(LEAVES[:count]).root.hex() == ROOTS[count]


@given(st.lists(st.binary(max_size=4), max_size=70))
def test_the_root_is_that_of_the_definition(data: list[bytes]) -> None:
    assert tree(data).root == by_definition(data)


@pytest.mark.parametrize("size", range(1, 34))
def test_every_leaf_is_proved_and_no_other(size: int) -> None:
    data = [bytes([number]) for number in range(size)]
    made = tree(data)
    for index, one in enumerate(data):
        path = made.path(index)
        assert root_of(leaf_hash(one), index=index, size=size, path=path) == made.root
        assert root_of(leaf_hash(b"other"), index=index, size=size, path=path) != made.root
        assert root_of(leaf_hash(one), index=(index + 1) % size, size=size, path=path) != made.root or size == 1
        assert root_of(leaf_hash(one), index=index, size=size, path=[*path, bytes(32)]) is None
        if path:
            assert root_of(leaf_hash(one), index=index, size=size, path=path[:-1]) is None


def test_a_leaf_that_is_not_there_has_no_path() -> None:
    with pytest.raises(IndexError):
        tree(LEAVES).path(8)
    assert root_of(bytes(32), index=8, size=8, path=[]) is None
    assert root_of(bytes(32), index=-1, size=8, path=[]) is None
