"""How much a document asks for, found out before anything of it is executed.

A document is small and can ask for a lot: by names for the same field, by lists within lists, by fragments that name
one another. So each is measured as it would be executed, fragments followed, with an end to the measuring itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TokenKind,
    VariableNode,
    parse,
)

from banking.errors import QueryInvalid, QueryTooComplex
from banking.graphql.connections import PAGE
from ledger.history import MAX_LIMIT

MOST_CHARACTERS = 10_000
MOST_TOKENS = 500
DEEPEST = 10
MOST_ALIASES = 15
# Lists and single things that are read of the database; a list within a list of 20 is 21.
MOST_READS = 25
# Fields and fragments that are looked at.
MOST_FIELDS = 500
# Of a number that stands in the document; Python itself gives up on thousands.
MOST_DIGITS = 100

# At the top; below it `node` is a line of a list.
_THINGS = frozenset({"node", "account", "transaction"})
_LISTS = frozenset({"accounts", "transactions"})
# What the parser says of a document that is too long or too deep for it; it has no exception of its own for these.
_TOO_LARGE = ("Syntax Error: Document contains more than", "Syntax Error: Document is nested too deeply")


def document_parse(query: str) -> DocumentNode:
    """Return the document of a query.

    Raises:
        QueryTooComplex: it is too long.
        QueryInvalid: it is not GraphQL.
    """
    if len(query) > MOST_CHARACTERS:
        raise QueryTooComplex(f"The query has more than {MOST_CHARACTERS:,} characters.")
    try:
        document = parse(query, max_tokens=MOST_TOKENS)
    except GraphQLSyntaxError as error:
        if error.message.startswith(_TOO_LARGE):
            raise QueryTooComplex(
                f"The query has more than {MOST_TOKENS:,} tokens, or is nested too deeply."
            ) from error
        raise QueryInvalid(error.message) from error
    if any(len(number) > MOST_DIGITS for number in _numbers(document)):
        raise QueryInvalid(f"A number has more than {MOST_DIGITS} digits.")
    return document


def _numbers(document: DocumentNode) -> Iterator[str]:
    """Yield the numbers that stand in a document, as they are written."""
    token = document.loc.start_token if document.loc else None
    while token is not None:
        if token.kind in (TokenKind.INT, TokenKind.FLOAT):
            yield token.value or ""
        token = token.next


@dataclass
class Measure:
    """What an operation asks for.

    Args:
        document: valid, so that its fragments exist and do not contain themselves.
        variables: as they were sent, unchecked.
        roots: the names of the fields at the top, each as often as it is executed.
    """

    document: DocumentNode
    operation: OperationDefinitionNode
    variables: Mapping[str, Any]
    roots: list[str] = field(default_factory=list)
    _aliases: int = 0
    _reads: int = 0
    _fields: int = 0

    def __post_init__(self) -> None:
        definitions = self.document.definitions
        self._fragments = {one.name.value: one for one in definitions if isinstance(one, FragmentDefinitionNode)}
        # A field that stands twice is executed once.
        keys = {_key(one): one.name.value for one in self._fields_of(self.operation.selection_set, set())}
        self.roots = list(keys.values())

    def check(self) -> None:
        """Refuse what is too much.

        Raises:
            QueryTooComplex: the sentence says of what.
        """
        self._walk(self.operation.selection_set, 1, 1)

    def _walk(self, selections: SelectionSetNode, depth: int, times: int) -> None:
        if depth > DEEPEST:
            raise QueryTooComplex(f"The query is more than {DEEPEST} fields deep.")
        for one in self._fields_of(selections, set()):
            self._count(one, depth, times)
            if one.selection_set is None:
                continue
            if one.name.value.startswith("__"):
                self._walk_description(one.selection_set)
            else:
                size = self._size(one) if one.name.value in _LISTS else 1
                self._walk(one.selection_set, depth + 1, times * size)

    def _walk_description(self, selections: SelectionSetNode) -> None:
        """Measure what the schema says of itself; its depth is bounded by the validation."""
        for one in self._fields_of(selections, set()):
            self._count_alias(one)
            if one.selection_set is not None:
                self._walk_description(one.selection_set)

    def _count_alias(self, one: FieldNode) -> None:
        self._aliases += one.alias is not None
        if self._aliases > MOST_ALIASES:
            raise QueryTooComplex(f"The query gives more than {MOST_ALIASES} fields another name.")

    def _count(self, one: FieldNode, depth: int, times: int) -> None:
        self._count_alias(one)
        is_read = one.name.value in _LISTS or (depth == 1 and one.name.value in _THINGS)
        self._reads += times if is_read else 0
        if self._reads > MOST_READS:
            raise QueryTooComplex(f"The query reads more than {MOST_READS} lists and things; ask for smaller lists.")

    def _fields_of(self, selections: SelectionSetNode, seen: set[str]) -> Iterator[FieldNode]:
        """Yield the fields of a selection, those of its fragments too, each fragment once as in execution."""
        for one in selections.selections:
            self._fields += 1
            if self._fields > MOST_FIELDS:
                raise QueryTooComplex(f"The query has more than {MOST_FIELDS:,} fields.")
            if isinstance(one, FieldNode):
                yield one
            elif isinstance(one, InlineFragmentNode):
                yield from self._fields_of(one.selection_set, seen)
            elif isinstance(one, FragmentSpreadNode) and one.name.value not in seen:
                seen.add(one.name.value)
                yield from self._fields_of(self._fragments[one.name.value].selection_set, seen)

    def _size(self, connection: FieldNode) -> int:
        """Return how many lines a connection may have."""
        given = {argument.name.value: argument.value for argument in connection.arguments or ()}
        sizes = [self._number(given[name]) for name in ("first", "last") if name in given]
        return max([size for size in sizes if size is not None], default=PAGE)

    def _number(self, value: object) -> int | None:
        """Return a number of a document; None for null, and the largest page for what is checked later."""
        if isinstance(value, IntValueNode):
            return min(max(int(value.value[:9]), 1), MAX_LIMIT)
        if isinstance(value, VariableNode):
            return self._variable(value.name.value)
        return None

    def _variable(self, name: str) -> int | None:
        if name in self.variables:
            given = self.variables[name]
            return None if given is None else given if type(given) is int and 1 <= given <= MAX_LIMIT else MAX_LIMIT
        defaults = {one.variable.name.value: one.default_value for one in self.operation.variable_definitions or ()}
        default = defaults.get(name)
        return self._number(default) if isinstance(default, IntValueNode) else None


def _key(one: FieldNode) -> str:
    return one.alias.value if one.alias is not None else one.name.value
