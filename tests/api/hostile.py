"""What a hostile or broken program sends, built on a request that would have worked."""

import json
from typing import Any

from hypothesis import strategies as st

DEEP = 100_000
VALUES = st.one_of(
    st.sampled_from(
        [
            {"$gt": ""},
            {"$ne": None},
            {"$where": "sleep(1000)"},
            {"$regex": ".*"},
            ["$gt"],
            [],
            {},
            None,
            True,
            0,
            -1,
            10**30,
            0.1,
            "",
            " ",
            "\0",
            "a\0b",
            "\ud800",
            "\u202e",
            "1e5",
            "-0",
            "٣",
            "NaN",
            "Infinity",
            "0" * 4_000,
            "x" * 70_000,
            "$where",
            "__proto__",
            "../../etc/passwd",
            "' OR 1=1 --",
            "{{7*7}}",
        ]
    ),
    st.text(max_size=30),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5),
)
BODIES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"",
            b"null",
            b"[]",
            b'"text"',
            b"\xff\xfe{\x00}\x00",
            b'{"email": "\xff\xfe"}',
            b'{"email": "\xed\xa0\x80", "password": "x"}',
            b'{"amount": NaN}',
            b'{"amount": 1e400}',
            b'{"amount": 1' + b"0" * 5_000 + b"}",
            b'{"amount": 1, "amount": 2}',
            b'{"a":' * DEEP + b"1" + b"}" * DEEP,
            b"[" * DEEP,
            b'{"transactions": ' + b"[" * DEEP + b"]" * DEEP + b"}",
            b'{"note": "' + b"x" * 1_100_000 + b'"}',
            b"\0" * 100,
        ]
    ),
)
CONTENT_TYPES = st.sampled_from(
    [
        *["application/json"] * 6,
        "application/json; charset=utf-16",
        "application/json; charset=nothing",
        "application/json;",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "application/xml",
        "/",
        "",
    ]
)
KEYS = st.sampled_from(["k", '"k"', '"', "", "a b", "x" * 200, "é", "\x7f", "../k"])


@st.composite
def bodies(draw: st.DrawFn, good: dict[str, Any] | None) -> bytes | None:
    """Return a body: none, no JSON at all, or a good one with some fields that are not."""
    if good is None:
        return draw(st.none() | BODIES)
    if draw(st.integers(0, 4)) == 0:
        return draw(BODIES)
    spoiled = dict(good)
    for name in draw(st.lists(st.sampled_from(sorted(good)), max_size=3, unique=True)):
        spoiled[name] = draw(VALUES)
    for name in draw(st.lists(st.sampled_from(["$where", "__class__", "", "success", "role"]), max_size=1)):
        spoiled[name] = draw(VALUES)
    return json.dumps(spoiled).encode()
