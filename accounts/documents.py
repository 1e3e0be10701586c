"""Tax documents of Brazil: a person's CPF or a company's CNPJ, whose check digits a library knows."""

import re

from stdnum.br import cnpj, cpf
from stdnum.exceptions import ValidationError

from accounts.text import TextRefused

# As they are stored: a CPF has eleven digits; a CNPJ fourteen places, of which the first twelve may be letters in
# the form that is given out since July 2026.
DOCUMENT_PATTERN = r"^([0-9]{11}|[0-9A-Z]{12}[0-9]{2})$"
_SENTENCE = "This is not a valid CPF or CNPJ."


def document_clean(value: str) -> str:
    """Return the document without the points, dashes and slashes people write in it.

    Args:
        value: a CPF or a CNPJ.

    Raises:
        TextRefused: it is neither.
    """
    for kind in (cpf, cnpj):
        try:
            document = str(kind.validate(value))
        except ValidationError:
            continue
        return _plausible(document)
    raise TextRefused(_SENTENCE)


def _plausible(document: str) -> str:
    # 111.111.111-11 has correct check digits, but no such document is ever given out.
    if len(set(document)) == 1 or not re.match(DOCUMENT_PATTERN, document):
        raise TextRefused(_SENTENCE)
    return document
