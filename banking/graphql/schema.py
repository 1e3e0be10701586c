"""The schema, and the execution of one operation of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    get_operation_ast,
    validate,
)
from strawberry.schema.config import StrawberryConfig

from banking.errors import QueryInvalid
from banking.graphql.asking import Asking
from banking.graphql.measure import Measure, document_parse
from banking.graphql.mutations import Mutation
from banking.graphql.queries import Query
from banking.graphql.scalars import SCALARS
from banking.graphql.types import Account, Transaction

_MOST_ERRORS = 5

schema = strawberry.Schema(
    query=Query, mutation=Mutation, types=[Account, Transaction], config=StrawberryConfig(scalar_map=SCALARS)
)
# Executed by the library underneath, step by step: so a document is measured between validation and execution, and
# each error is answered by the bank's own table.
_core = schema._schema


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation that is valid and not too much.

    Args:
        mutations: the names of the changes it makes, each as often as it is made.
    """

    document: DocumentNode
    operation: OperationDefinitionNode
    mutations: list[str]


class DocumentInvalid(Exception):
    """The document does not fit the schema.

    Args:
        errors: in which places, at most a few.
    """

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__()
        self.errors = errors


def prepare(query: str, variables: Mapping[str, Any], operation_name: str | None) -> Prepared:
    """Return the operation of a query that is to be executed.

    Raises:
        DocumentInvalid: it does not fit the schema.
        QueryInvalid: it is not GraphQL, or has no such operation.
        QueryTooComplex: it asks for too much.
    """
    document = document_parse(query)
    errors = validate(_core, document, max_errors=_MOST_ERRORS)
    if errors:
        raise DocumentInvalid(errors)
    operation = get_operation_ast(document, operation_name)
    if operation is None:
        raise QueryInvalid("The query has no operation of this name, or several and no name was said.")
    measure = Measure(document, operation, variables)
    measure.check()
    return Prepared(document, operation, measure.roots if operation.operation is OperationType.MUTATION else [])


def run(prepared: Prepared, variables: Mapping[str, Any], asking: Asking) -> ExecutionResult:
    """Execute an operation for somebody."""
    name = prepared.operation.name
    return execute_sync(
        _core,
        prepared.document,
        context_value=asking,
        variable_values=dict(variables),
        operation_name=None if name is None else name.value,
        max_coercion_errors=_MOST_ERRORS,
    )
