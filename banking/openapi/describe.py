"""What stands next to a view: what it is for, what it takes, and what it can answer.

The description is read when the schema is made and costs a request nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from banking.openapi.queries import Parameter

Method = TypeVar("Method", bound=Callable[..., Any])
Raised = type[BaseException]
_ARTICLES = ("a", "an", "the")


@dataclass(frozen=True, slots=True)
class Description:
    """One method of one address.

    Args:
        summary: what it does, in a few words; its name for programs is made of them.
        answers: for each status that is no error, the name of the body and what it means.
        body: the name of the request's body, or the serializer that reads it.
        example: a request's body, where a serializer describes it.
        errors: what it can refuse by itself; what every view of its kind refuses is added.
        parameters: of the query and headers.
        who: who may call it, where the kind of view does not say.
        note: a sentence or two more.
        error_body: the name of the form its errors have.
        sets_cookie: whether the answer signs in by cookie, or out.
        is_replayable: whether a key that comes again is answered with 200 instead of 201.
    """

    summary: str
    answers: dict[int, tuple[str, str]]
    body: Any = None
    example: dict[str, Any] | None = None
    errors: tuple[Raised, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    who: str = ""
    note: str = ""
    error_body: str = "Error"
    sets_cookie: bool = False
    is_replayable: bool = False

    @property
    def name(self) -> str:
        """Return the summary as programs name a function: `sendMoney`."""
        words = "".join(letter for letter in self.summary if letter.isalnum() or letter == " ").split()
        first, *others = (word for word in words if word not in _ARTICLES)
        return first.lower() + "".join(word.capitalize() for word in others)


def described(summary: str, body: Any = None, **more: Any) -> Callable[[Method], Method]:
    """Put a description next to the method of a view; the arguments are those of `Description`."""

    def describe(method: Method) -> Method:
        method.description = Description(summary, body=body, **more)  # type: ignore[attr-defined]
        return method

    return describe


def description_of(view: Any, method: str) -> Description:
    """Return what stands next to a method; one without a word is described by its name."""
    name = f"{method} {type(view).__name__}"
    found: Description = getattr(
        getattr(view, method.lower(), None), "description", Description(name, {200: ("Alive", "It worked.")})
    )
    return found
