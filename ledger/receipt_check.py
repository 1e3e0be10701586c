"""Check a receipt off-line: `python -m ledger.receipt_check FILE --key KEY`.

Needs this folder, the package `cryptography` and the bank's public key; no database, no network, no settings.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

try:
    from ledger.proof import ProofInvalid, receipt_check
    from ledger.signing import KeyInvalid, PublicKey
except ModuleNotFoundError as error:
    if error.name != "cryptography":
        raise
    # Not 1, which would say that the receipt is wrong.
    sys.stderr.write("The package cryptography is missing: python3 -m pip install cryptography\n")
    sys.exit(2)

# A receipt has a few thousand characters.
_LARGEST_BYTES = 1_000_000


def main(arguments: Sequence[str]) -> int:
    """Check the file that the command line names; return 0 if it is proved, 1 if not, 2 for a wrong call."""
    parser = argparse.ArgumentParser(prog="python -m ledger.receipt_check", description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="the receipt")
    parser.add_argument(
        "--key", required=True, action="append", help="the bank's public key, in base64; may be repeated"
    )
    options = parser.parse_args(arguments)
    try:
        keys = [PublicKey(text) for text in options.key]
        receipt = _read(options.file)
        entry = receipt_check(receipt, keys)
    except KeyInvalid as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"{options.file} cannot be read: {error.strerror}.\n")
        return 2
    except ProofInvalid as error:
        sys.stderr.write(f"NOT PROVED. {error}\n")
        return 1
    sys.stdout.write(_said(entry, receipt["checkpoint"]))
    return 0


def _read(file: Path) -> Any:
    with file.open("rb") as source:
        data = source.read(_LARGEST_BYTES + 1)
    try:
        found = json.loads(data) if len(data) <= _LARGEST_BYTES else None
    except (ValueError, RecursionError):
        return None
    # The API answers with the receipt in an envelope; a program may have kept both.
    return found["receipt"] if isinstance(found, dict) and "receipt" in found else found


def _said(entry: dict[str, str], checkpoint: dict[str, str]) -> str:
    facts = {
        "transaction": entry["transaction"],
        "direction": entry["direction"],
        "amount": f"{entry['amount_minor']} in the smallest unit of {entry['currency']}",
        "account": f"{entry['account']}, entry {entry['seq']}",
        "balance": f"{entry['balance_after_minor']} after it",
        "counterparty": entry["counterparty"],
        "note": entry["note"],
        "posted": entry["created_at"],
        "signed": f"{checkpoint['at']}, checkpoint {checkpoint['number']}, key {checkpoint['key']}",
    }
    lines = [f"  {name + ':':<14}{_printable(value)}" for name, value in facts.items()]
    return "\n".join(["PROVED. The bank has signed that this entry stands in its books:", *lines, ""])


def _printable(text: str) -> str:
    """A note may be anything, and a terminal obeys some of it."""
    return "".join(character if character.isprintable() else "?" for character in text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
