"""Group commit: transfers that a process is asked for at the same time share one database transaction.

Most of what a transfer costs are round trips and the commit, and a batch pays for them once. So whoever comes while a
transaction is running waits for the next one and goes into it together with all others who came meanwhile. There is
no thread of its own for this, and no timer: the first who waits leads the next group, posts it in its own thread and
hands the lead on. When nobody else is there the first comer leads at once, and has waited for nothing.

The processes of one machine take turns (`ledger.turns`), so that their groups do not conflict in the database.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from django.conf import settings
from structlog.contextvars import bound_contextvars

from ledger import instruments
from ledger.errors import LedgerError, TryAgain
from ledger.instruments import Wait
from ledger.memory import Memory
from ledger.posting import post, read_back
from ledger.records import now
from ledger.rules import Answer, Instruction
from ledger.turns import turns_of_this_machine

# Instructions that may wait in one process; more could not be answered before their deadlines.
MAX_WAITING = 5_000
# Instructions in one transaction: beyond this the cost of each hardly falls, and everybody waits longer.
MAX_GROUP = 250
# With less time left than this a transfer is not begun.
_LEAST_SECONDS = 0.02
# How long after its deadline somebody waits for a group that is being posted.
_GRACE_SECONDS = 0.5

_log = structlog.get_logger(__name__)


class _Ticket:
    """Somebody's instructions on their way into a group, which they enter together."""

    __slots__ = ("answers", "expires", "instructions", "leads", "wait", "woken")

    def __init__(self, instructions: Sequence[Instruction], expires: float) -> None:
        self.instructions = instructions
        self.expires = expires
        self.answers: Sequence[Answer | Exception] | None = None
        self.leads = False
        self.woken = threading.Event()
        self.wait = Wait()

    def refuse(self, error: Exception) -> None:
        self.answers = [error] * len(self.instructions)

    @property
    def seconds_left(self) -> float:
        return self.expires - time.monotonic()


class Committer:
    """The transfers of one process that wait for their group."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Ticket] = deque()
        self._is_led = False
        self._group_began = now()
        self._memory = Memory()

    def submit(self, instruction: Instruction, *, deadline_seconds: float | None = None) -> Answer:
        """Execute an instruction together with whatever else is asked for now.

        Args:
            instruction: one transfer or funding.
            deadline_seconds: how long it may take, waiting included; the setting's by default.

        Returns:
            Its answer, as `ledger.posting.post` gives it: an `Outcome`, or the `LedgerError` that it deserves.
        """
        return self.submit_together([instruction], deadline_seconds=deadline_seconds)[0]

    def submit_together(
        self, instructions: Sequence[Instruction], *, deadline_seconds: float | None = None
    ) -> list[Answer]:
        """Execute instructions in order, all in one group, as part of a bulk payment.

        Args:
            instructions: 1 to `MAX_GROUP` transfers or fundings; a larger bulk takes several turns, so that others get
                theirs in between.
            deadline_seconds: as `submit`.

        Returns:
            An answer for each, in order, as `ledger.posting.post` gives them.
        """
        if not 1 <= len(instructions) <= MAX_GROUP:
            raise ValueError(f"1 to {MAX_GROUP} instructions go together, not {len(instructions)}")
        deadline = settings.TRANSFER_DEADLINE_SECONDS if deadline_seconds is None else deadline_seconds
        ticket = _Ticket(instructions, time.monotonic() + deadline)
        try:
            answers = self._executed(ticket)
        except Exception:
            instruments.transfers_broken(len(instructions))
            raise
        finally:
            ticket.wait.over()
        instruments.transfers_answered(answers)
        return answers

    def _executed(self, ticket: _Ticket) -> list[Answer]:
        if not self._enter(ticket):
            return [TryAgain()] * len(ticket.instructions)
        if not ticket.leads:
            ticket.woken.wait(max(0.0, ticket.seconds_left))
        if self._is_leading(ticket):
            self._lead(ticket)
        return self._answers(ticket)

    def _enter(self, ticket: _Ticket) -> bool:
        """Queue up, and lead when nobody does; False when too many wait."""
        with self._lock:
            if len(self._waiting) >= MAX_WAITING:
                return False
            if self._is_led:
                # What fails in the group that is being posted fails at the same time as these.
                ticket.instructions = [_asked_by(one, self._group_began) for one in ticket.instructions]
            else:
                self._is_led = ticket.leads = True
                self._group_began = now()
            self._waiting.append(ticket)
            instruments.WAITING.set(len(self._waiting))
            return True

    def _is_leading(self, ticket: _Ticket) -> bool:
        """Whether the lead was handed to this ticket; one that has given up waiting leaves the queue instead."""
        with self._lock:
            if not ticket.leads and ticket in self._waiting:
                self._waiting.remove(ticket)
                instruments.WAITING.set(len(self._waiting))
                ticket.refuse(TryAgain())
            return ticket.leads

    def _lead(self, leader: _Ticket) -> None:
        group: list[_Ticket] = []
        began = time.monotonic()
        try:
            with turns_of_this_machine().take() as nobody_else_posted:
                instruments.TURN_WAIT_SECONDS.observe(time.monotonic() - began)
                if not nobody_else_posted:
                    self._memory.forget()
                group = self._take()
                with instruments.group_posting([ticket.wait for ticket in group], _size(group)):
                    _post_group(group, self._memory)
        finally:
            self._hand_on(group, leader)

    def _take(self) -> list[_Ticket]:
        """Take as many tickets as have room, at least one."""
        group: list[_Ticket] = []
        room = MAX_GROUP
        with self._lock:
            while self._waiting and len(self._waiting[0].instructions) <= room:
                group.append(self._waiting.popleft())
                room -= len(group[-1].instructions)
            instruments.WAITING.set(len(self._waiting))
        return group

    def _hand_on(self, group: list[_Ticket], leader: _Ticket) -> None:
        with self._lock:
            self._group_began = now()
            if leader in self._waiting:
                # Something failed before the group was taken. Nobody would be there to take the lead once more.
                self._waiting.remove(leader)
                instruments.WAITING.set(len(self._waiting))
                leader.refuse(TryAgain())
            if self._waiting:
                self._waiting[0].leads = True
                self._waiting[0].woken.set()
            else:
                self._is_led = False
        for ticket in group:
            ticket.woken.set()

    def _answers(self, ticket: _Ticket) -> list[Answer]:
        if ticket.answers is None:
            ticket.woken.wait(_GRACE_SECONDS)
        if ticket.answers is None:
            # It is in a group that does not come to an end: the keys tell what became of it.
            ticket.answers = read_back(ticket.instructions, TryAgain())
        return [_known_or_raised(answer) for answer in ticket.answers]


def _size(tickets: Sequence[_Ticket]) -> int:
    return sum(len(ticket.instructions) for ticket in tickets)


def _asked_by(instruction: Instruction, moment: datetime) -> Instruction:
    return replace(instruction, asked_at=min(instruction.asked_at, moment))


def _known_or_raised(answer: Answer | Exception) -> Answer:
    if isinstance(answer, Exception) and not isinstance(answer, LedgerError):
        raise answer
    return answer


def _post_group(group: list[_Ticket], memory: Memory) -> None:
    """Post those that have time left; when one of them breaks the group, post each for itself."""
    for ticket in group:
        if ticket.seconds_left < _LEAST_SECONDS:
            ticket.refuse(TryAgain())
    due = [ticket for ticket in group if ticket.answers is None]
    if not due:
        return
    try:
        answers = iter(_post_together(due, memory))
    except Exception as error:
        memory.forget()
        _answer_apart(due, error, memory)
    else:
        for ticket in due:
            ticket.answers = [next(answers) for _ in ticket.instructions]


def _post_together(due: list[_Ticket], memory: Memory) -> list[Answer]:
    # Who has little time left must not take that of the others, and looks after the deadline what became of the key.
    seconds = max(ticket.seconds_left for ticket in due)
    batch = [instruction for ticket in due for instruction in ticket.instructions]
    return post(batch, deadline_seconds=max(seconds, _LEAST_SECONDS), memory=memory)


def _answer_apart(due: list[_Ticket], error: Exception, memory: Memory) -> None:
    size = _size(due)
    if size == 1:
        due[0].refuse(error)
        return
    _log.error("group_broken", size=size, exc_info=error)
    for ticket in due:
        alone = [_Ticket([instruction], ticket.expires) for instruction in ticket.instructions]
        for one in alone:
            with bound_contextvars(request_id=one.instructions[0].origin.request_id):
                _post_group([one], memory)
        ticket.answers = [answer for one in alone for answer in one.answers or [error]]


_committer = Committer()


def submit(instruction: Instruction, *, deadline_seconds: float | None = None) -> Answer:
    """Execute an instruction by this process's committer; see `Committer.submit`."""
    return _committer.submit(instruction, deadline_seconds=deadline_seconds)


def submit_together(instructions: Sequence[Instruction], *, deadline_seconds: float | None = None) -> list[Answer]:
    """Execute part of a bulk payment by this process's committer; see `Committer.submit_together`."""
    return _committer.submit_together(instructions, deadline_seconds=deadline_seconds)


def _begin_anew_in_child() -> None:
    """Those who waited at the fork wait in the parent."""
    global _committer
    _committer = Committer()


os.register_at_fork(after_in_child=_begin_anew_in_child)
