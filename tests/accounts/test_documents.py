"""CPF and CNPJ: the check digits count, the punctuation does not."""

import pytest

from accounts.documents import document_clean
from accounts.text import TextRefused


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("390.533.447-05", "39053344705"),
        ("39053344705", "39053344705"),
        (" 390 533 447 05 ", "39053344705"),
        ("16.727.230/0001-97", "16727230000197"),
        ("16727230000197", "16727230000197"),
        ("12.abc.345/01de-35", "12ABC34501DE35"),
    ],
)
def test_valid_documents_are_stored_without_punctuation(typed: str, stored: str) -> None:
    assert document_clean(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "390.533.447-06",
        "16.727.230/0001-98",
        "111.111.111-11",
        "00000000000",
        "3905334470",
        "390533447055",
        "39053344705\n$where",
        "٣٩٠٥٣٣٤٤٧٠٥",
        "nonsense",
        "",
    ],
)
def test_other_text_is_refused(typed: str) -> None:
    with pytest.raises(TextRefused):
        document_clean(typed)
