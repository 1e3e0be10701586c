"""Fills a ledger with a year of transfers, by the ledger's own posting in the largest batches it takes.

Writing the documents raw would be about twice as fast and would have to follow every change of their form. Here a
million entries take a minute and a half on two cores, and whatever a posting writes is there.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings

from banking.bench.people import Customer
from banking.bench.server import BenchError
from ledger.audit import COMMAND
from ledger.posting import MAX_BATCH, post
from ledger.records import TRANSFER
from ledger.rules import Instruction, Outcome

HISTORY = timedelta(days=365)
_DEADLINE_SECONDS = 60
_REPORT_EVERY = 50
_MOST_MINOR = 900


def fill(customers: Sequence[Customer], *, entries: int, since: datetime, progress: Callable[[str], None]) -> None:
    """Post transfers between the first customer and the others, evenly over `HISTORY`.

    Args:
        customers: at least two, with enough money; the first one gets half of the entries.
        entries: how many are written, two for each transfer.
        since: the time of the first.
        progress: told now and then how far it is.

    Raises:
        BenchError: a transfer was refused.
    """
    instructions = _instructions(customers, entries // 2, since)
    done = 0
    for number, batch in enumerate(_batches(instructions), start=1):
        answers = post(batch, deadline_seconds=_DEADLINE_SECONDS)
        refused = [answer for answer in answers if not isinstance(answer, Outcome)]
        if refused:
            raise BenchError(f"The ledger could not be filled: {refused[0]}")
        done += 2 * len(batch)
        if number % _REPORT_EVERY == 0:
            progress(f"{done:,} of {entries:,} entries are written")


def _instructions(customers: Sequence[Customer], transfers: int, since: datetime) -> Iterator[Instruction]:
    chance = random.Random(1)  # noqa: S311 - the same ledger each time
    first, *others = customers
    for number in range(transfers):
        sides = [first, others[number % len(others)]]
        payer, payee = chance.sample(sides, 2)
        yield Instruction(
            sender=payer.account,
            receiver=payee.account,
            amount_minor=chance.randint(1, _MOST_MINOR),
            currency=settings.DEFAULT_CURRENCY,
            type=TRANSFER,
            note="",
            key=f"fill-{number}",
            owner=payer.owner,
            origin=COMMAND,
            at=since + HISTORY * number / transfers,
        )


def _batches(instructions: Iterator[Instruction]) -> Iterator[list[Instruction]]:
    batch: list[Instruction] = []
    for instruction in instructions:
        batch.append(instruction)
        if len(batch) == MAX_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
