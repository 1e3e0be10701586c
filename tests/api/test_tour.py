"""The tour of the documentation works, the second time too."""

import json
import re
import subprocess
from collections.abc import Callable
from typing import Any

from ledger.verify import verify
from tests.servers import Server
from tests.test_docs import ROOT

_BLOCK = re.compile(r"## A first transfer.*?```bash\n(.*?)```", re.DOTALL)


def toured(server: Server) -> list[dict[str, Any]]:
    """Run the tour as it stands in the documentation, and return what the bank answered."""
    found = _BLOCK.search((ROOT / "docs/api.md").read_text())
    assert found
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", found[1]],
        env={"PATH": "/usr/bin:/bin", "BANK": server.url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(part) for part in done.stdout.replace("}{", "}\n{").splitlines()]


def test_the_tour_moves_the_money_once(start_server: Callable[..., Server]) -> None:
    server = start_server(workers=1, environment={"OPENING_BALANCE": "1000"})
    first, again = toured(server), toured(server)
    assert [answer["success"] for answer in first] == [True] * len(first)
    assert [answer.get("code") for answer in again[:4]] == ["email_taken"] * 2 + ["account_exists"] * 2
    for answers in (first, again):
        sent, replayed, asked, balance, history = answers[4:]
        assert sent["transaction"] == replayed["transaction"] == asked["transaction"]
        assert replayed["message"].endswith("here is its answer again.")
        assert balance["balance"] == "750.00"
        assert [entry["amount"] for entry in history["transactions"]] == ["250.00", "1000.00"]
    assert verify().violations == []
