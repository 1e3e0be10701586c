"""The tour of the documentation runs as it stands, against a real server."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from banking.graphql import connections, measure
from ledger import connections as lists
from ledger.history import MAX_LIMIT
from tests.servers import Server

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "graphql.md").read_text()


def test_the_tour(start_server: Callable[..., Server], system_user: Any, tmp_path: Path) -> None:
    server = start_server(workers=1, environment={"OPENING_BALANCE": "100"})
    blocks = re.findall(r"```bash\n(.*?)```", PAGE, re.S)
    script = "set -euo pipefail\n" + "\necho ---\n".join(blocks).replace("http://127.0.0.1:8000", server.url)
    ran = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    people, opened, sent, listed = (part.strip() for part in ran.stdout.split("---\n"))
    assert people.split() == ["true", "true"]
    account = json.loads(opened)["data"]["createAccount"]
    assert (account["clientMutationId"], account["account"]["balance"]) == ("first", "100.00")
    transfer, replayed = documents(sent)
    assert transfer["data"]["createTransaction"]["transaction"]["sender"]["balance"] == "99.50"
    assert (transfer["data"]["createTransaction"]["replayed"], replayed) == (False, True)
    first, rest = (page["data"]["transactions"] for page in documents(listed))
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"], len(first["edges"])) == (2, True, 1)
    assert [edge["node"]["amount"] for edge in rest["edges"]] == ["100.00"]
    assert first["edges"][0]["node"]["receiver"]["name"] == "Bruno Tour"


def documents(text: str) -> list[Any]:
    """Return the JSON documents that stand one after the other."""
    found, decoder, text = [], json.JSONDecoder(), text.strip()
    while text:
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:].strip()
    return found


def test_the_limits_are_those_in_use() -> None:
    for words in (
        f"{measure.MOST_CHARACTERS:,} characters",
        f"{measure.MOST_TOKENS:,} tokens",
        f"{measure.DEEPEST} fields of depth",
        f"{measure.MOST_ALIASES} fields",
        f"{measure.MOST_READS} lists",
        f"1 to {MAX_LIMIT} lines, {connections.PAGE} if",
        f"more than {lists.MOST_COUNTED:,} transactions",
    ):
        assert words in PAGE
