"""Lists with cursors, as Relay specifies them (https://relay.dev/graphql/connections.htm)."""

from collections.abc import Callable
from typing import Generic, TypeVar

import strawberry

from banking.errors import FieldsInvalid
from ledger.history import MAX_LIMIT
from ledger.spans import Span, Stretch

PAGE = 20
LARGEST_TOTAL = 2**31 - 1

NodeType = TypeVar("NodeType")
Record = TypeVar("Record")


@strawberry.type(description="Where a page of a list lies in it.")
class PageInfo:
    start_cursor: str | None
    end_cursor: str | None
    follows: strawberry.Private[Callable[[], bool]]
    precedes: strawberry.Private[Callable[[], bool]]

    @strawberry.field(description="Whether lines follow behind this page.")
    def has_next_page(self) -> bool:
        return self.follows()

    @strawberry.field(description="Whether lines come before this page.")
    def has_previous_page(self) -> bool:
        return self.precedes()


@strawberry.type(description="A line of a list.")
class Edge(Generic[NodeType]):
    cursor: str
    node: NodeType


@strawberry.type(description="A page of a list.")
class Connection(Generic[NodeType]):
    edges: list[Edge[NodeType]]
    page_info: PageInfo
    count: strawberry.Private[Callable[[], int | None]]

    @strawberry.field(description="How many lines the whole list has; null when counting them would take too long.")
    def total_count(self) -> int | None:
        total = self.count()
        return total if total is not None and total <= LARGEST_TOTAL else None


def span_read(first: int | None, after: str | None, last: int | None, before: str | None) -> Span:
    """Return the part of a list that the arguments of a connection ask for.

    Raises:
        FieldsInvalid: they contradict one another, or the page is smaller or larger than pages are.
    """
    if first is not None and (last is not None or before is not None):
        raise FieldsInvalid({"first": ["Read forward with first and after, or backward with last and before."]})
    if after is not None and (last is not None or before is not None):
        raise FieldsInvalid({"after": ["Read forward with first and after, or backward with last and before."]})
    if last is not None or before is not None:
        return Span(_limit("last", last), before, backwards=True)
    return Span(_limit("first", first), after)


def _limit(name: str, wanted: int | None) -> int:
    if wanted is None:
        return PAGE
    if not 1 <= wanted <= MAX_LIMIT:
        raise FieldsInvalid({name: [f"This must be a whole number from 1 to {MAX_LIMIT}."]})
    return wanted


def connection_of(
    read: Callable[[Span], Stretch[Record]],
    span: Span,
    shown: Callable[[Record], NodeType],
    count: Callable[[], int | None],
) -> Connection[NodeType]:
    """Return a page of a list.

    Args:
        read: reads a part of the list.
        span: the part that is wanted.
        shown: makes the node of a record.
        count: says how long the list is; asked only if somebody wants to know.
    """
    stretch = read(span)
    edges = [Edge(cursor=line.cursor, node=shown(line.record)) for line in stretch.lines]
    start, end = (edges[0].cursor, edges[-1].cursor) if edges else (None, None)

    def more() -> bool:
        return stretch.has_more

    def behind() -> bool:
        """Whether there is something on the side that the page was read from."""
        if span.place is None:
            return False
        edge = end if span.backwards else start
        # Without lines there is at least the one that the cursor was made of.
        return edge is None or bool(read(Span(1, edge, backwards=not span.backwards)).lines)

    follows, precedes = (behind, more) if span.backwards else (more, behind)
    page_info = PageInfo(start_cursor=start, end_cursor=end, follows=follows, precedes=precedes)
    return Connection(edges=edges, page_info=page_info, count=count)
