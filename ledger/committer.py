"""Group commit: transfers that a process is asked for at the same time share one database transaction.

Most of what a transfer costs are round trips and the commit, and a batch pays for them once. So whoever comes while a
transaction is running waits for the next one and goes into it together with all others who came meanwhile. There is
no thread of its own for this, and no timer: the first who waits leads the next group, posts it in its own thread and
hands the lead on. When nobody else is there the first comer leads at once, and has waited for nothing.

The processes of one machine take turns by a lock of the operating system, so that their groups do not conflict in the
database. The turn is a courtesy and no safeguard: the kernel ends it with its holder, and whoever has waited too long
goes ahead, because correctness is the database's business (`ledger.atomic`).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import connections

from ledger.errors import LedgerError, TryAgain
from ledger.memory import Memory
from ledger.posting import post, read_back
from ledger.records import now
from ledger.rules import Answer, Instruction

# Instructions that may wait in one process; more could not be answered before their deadlines.
MAX_WAITING = 5_000
# Instructions in one transaction: beyond this the cost of each hardly falls, and everybody waits longer.
MAX_GROUP = 250
# How long a group lets another process of the machine go first.
COURTESY_SECONDS = 0.25
_POLL_SECONDS = 0.0005
# With less time left than this a transfer is not begun.
_LEAST_SECONDS = 0.02
# How long after its deadline somebody waits for a group that is being posted: it has that deadline too.
_GRACE_SECONDS = 0.5

_log = structlog.get_logger(__name__)


class _Ticket:
    """Somebody's instructions on their way into a group, which they enter together."""

    __slots__ = ("answers", "expires", "instructions", "leads", "woken")

    def __init__(self, instructions: Sequence[Instruction], expires: float) -> None:
        self.instructions = instructions
        self.expires = expires
        self.answers: Sequence[Answer | Exception] | None = None
        self.leads = False
        self.woken = threading.Event()

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
        self._name = uuid4().bytes
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
        if not self._enter(ticket):
            return [TryAgain()] * len(instructions)
        if not ticket.leads:
            ticket.woken.wait(max(0.0, ticket.seconds_left))
        if self._is_leading(ticket):
            self._lead()
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
            return True

    def _is_leading(self, ticket: _Ticket) -> bool:
        """Whether the lead was handed to this ticket; one that has given up waiting leaves the queue instead."""
        with self._lock:
            if not ticket.leads and ticket in self._waiting:
                self._waiting.remove(ticket)
                ticket.refuse(TryAgain())
            return ticket.leads

    def _lead(self) -> None:
        group: list[_Ticket] = []
        try:
            with _turn_of_this_machine(self._name) as nobody_else_posted:
                if not nobody_else_posted:
                    self._memory.forget()
                group = self._take()
                _post_group(group, self._memory)
        finally:
            self._hand_on(group)

    def _take(self) -> list[_Ticket]:
        """Take as many tickets as have room, at least one."""
        group: list[_Ticket] = []
        room = MAX_GROUP
        with self._lock:
            while self._waiting and len(self._waiting[0].instructions) <= room:
                group.append(self._waiting.popleft())
                room -= len(group[-1].instructions)
        return group

    def _hand_on(self, group: list[_Ticket]) -> None:
        with self._lock:
            self._group_began = now()
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
    seconds = min(ticket.seconds_left for ticket in due)
    batch = [instruction for ticket in due for instruction in ticket.instructions]
    return post(batch, deadline_seconds=max(seconds, _LEAST_SECONDS), memory=memory)


def _answer_apart(due: list[_Ticket], error: Exception, memory: Memory) -> None:
    size = sum(len(ticket.instructions) for ticket in due)
    if size == 1:
        due[0].refuse(error)
        return
    _log.error("group_broken", size=size, exc_info=error)
    for ticket in due:
        alone = [_Ticket([instruction], ticket.expires) for instruction in ticket.instructions]
        for one in alone:
            _post_group([one], memory)
        ticket.answers = [answer for one in alone for answer in one.answers or [error]]


@contextlib.contextmanager
def _turn_of_this_machine(name: bytes) -> Iterator[bool]:
    """Hold the machine's turn, or go ahead without it after a while.

    Args:
        name: the committer's, which it leaves in the lock's file.

    Yields:
        Whether it had the turn before, so that no other process of the machine has posted since.
    """
    turn = _turn()
    held = turn is not None and _take_turn(turn)
    try:
        yield turn is not None and held and _sign(turn, name)
    finally:
        if turn is not None and held:
            fcntl.flock(turn, fcntl.LOCK_UN)


def _take_turn(turn: int) -> bool:
    ends = time.monotonic() + COURTESY_SECONDS
    while time.monotonic() < ends:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_POLL_SECONDS)
        else:
            return True
    return False


def _sign(turn: int, name: bytes) -> bool:
    """Leave the name in the lock's file; return whether it was there already."""
    if os.pread(turn, len(name), 0) == name:
        return True
    os.pwrite(turn, name, 0)
    return False


_turns: dict[str, int] = {}


def _turn() -> int | None:
    """Return the open lock file of this database on this machine, None where there can be none."""
    wrapper = connections["default"].settings_dict
    database = f"{wrapper['HOST']} {wrapper['NAME']} {os.getuid()}"
    if database not in _turns:
        name = hashlib.sha256(database.encode()).hexdigest()[:24]
        path = Path(tempfile.gettempdir()) / f"florin-{name}.turn"
        try:
            _turns[database] = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            _log.warning("no_turns_on_this_machine", error=error.strerror)
            return None
    return _turns[database]


_committer = Committer()


def submit(instruction: Instruction, *, deadline_seconds: float | None = None) -> Answer:
    """Execute an instruction by this process's committer; see `Committer.submit`."""
    return _committer.submit(instruction, deadline_seconds=deadline_seconds)


def submit_together(instructions: Sequence[Instruction], *, deadline_seconds: float | None = None) -> list[Answer]:
    """Execute part of a bulk payment by this process's committer; see `Committer.submit_together`."""
    return _committer.submit_together(instructions, deadline_seconds=deadline_seconds)


def _begin_anew_in_child() -> None:
    """Those who waited at the fork wait in the parent; a shared lock file would give both the same turn."""
    global _committer
    _committer = Committer()
    _turns.clear()


os.register_at_fork(after_in_child=_begin_anew_in_child)
