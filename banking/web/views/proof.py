"""How anybody can check what the bank has signed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from banking.web.methods import reads
from ledger.checkpoints import checkpoint_latest, public_keys


@reads
def proof(request: HttpRequest) -> HttpResponse:
    """The public keys, the last checkpoint, and how a receipt is checked."""
    keys = public_keys()
    page = {"keys": keys, "checkpoint": checkpoint_latest() if keys else None}
    return render(request, "pages/proof.html", page)
