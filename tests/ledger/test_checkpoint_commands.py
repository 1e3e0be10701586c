"""The commands around checkpoints: keys are made and not kept, the last checkpoint is taken outside."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ledger.checkpoints import checkpoint_append
from ledger.signing import PrivateKey
from tests.ledger.conftest import Opener


def test_a_made_pair_of_keys_belongs_together() -> None:
    out, aside = StringIO(), StringIO()
    call_command("make_checkpoint_key", stdout=out, stderr=aside)
    settings = dict(line.split("=", 1) for line in out.getvalue().splitlines())
    private = settings["CHECKPOINT_KEY"]
    assert PrivateKey(private).public_text == settings["CHECKPOINT_PUBLIC_KEYS"]
    assert private not in aside.getvalue()


def test_the_last_checkpoint_is_exported(open_account: Opener, signing_key: PrivateKey) -> None:
    with pytest.raises(CommandError, match="no checkpoint yet"):
        call_command("export_checkpoint")
    open_account(100)
    checkpoint = checkpoint_append(signing_key)
    assert checkpoint is not None
    out = StringIO()
    call_command("export_checkpoint", stdout=out)
    assert json.loads(out.getvalue())["checkpoint"] == checkpoint.statement
