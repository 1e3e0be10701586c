"""Field types of this app's models."""

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    _EmailField = models.EmailField[str, str]
else:
    # Only the type checker knows this class with its parameters.
    _EmailField = models.EmailField


class LowerCaseEmailField(_EmailField):
    """An e-mail address that is stored and looked for in lower case.

    The database backend turns `iexact` into an unescaped regular expression, in which `.*` is everybody. Here it is
    the exact comparison, which means the same for lower-cased addresses and uses the index.
    """

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return prepared.lower() if isinstance(prepared, str) else prepared

    def get_lookup(self, lookup_name: str) -> type[Any] | None:
        return super().get_lookup("exact" if lookup_name == "iexact" else lookup_name)
