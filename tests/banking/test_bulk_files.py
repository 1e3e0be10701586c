"""Files of payees, as ugly as people have them: read exactly, or refused with a sentence that helps."""

import csv
import io

import pytest

from banking import bulk_files
from banking.bulk_files import (
    MAX_BYTES,
    MAX_LINES,
    SAMPLE,
    Row,
    cell_safe,
    csv_lines,
    rows_digest,
    rows_read,
)
from banking.errors import FileUnreadable

PLAIN = [Row(1, "bruno@example.com", "12.50", "Lunch"), Row(2, "Chitra Rao", "3", "")]


@pytest.mark.parametrize(
    "content",
    [
        b"bruno@example.com,12.50,Lunch\nChitra Rao,3\n",
        b"bruno@example.com,12.50,Lunch\r\nChitra Rao,3\r\n",
        b"bruno@example.com,12.50,Lunch\rChitra Rao,3\r",
        b"bruno@example.com;12.50;Lunch\nChitra Rao;3;\n",
        b"bruno@example.com\t12.50\tLunch\nChitra Rao\t3",
        b"\xef\xbb\xbfbruno@example.com,12.50,Lunch\nChitra Rao,3",
        b'"bruno@example.com","12.50","Lunch"\n"Chitra Rao","3",""\n',
        b"  bruno@example.com , 12.50 ,  Lunch  \n Chitra Rao,3,,,,\n,,,\n\n",
    ],
    ids=["unix", "windows", "old-mac", "semicolons", "tabs", "mark", "quoted", "spaces-and-empty-cells"],
)
def test_the_usual_forms_are_read_alike(content: bytes) -> None:
    assert rows_read(content) == PLAIN
    assert rows_digest(rows_read(content)) == rows_digest(PLAIN)


def test_a_line_of_headings_says_what_is_where() -> None:
    content = "Note;AMOUNT;E-Mail\nMiete für Mai;700,50;anna@example.com\n".encode()
    assert rows_read(content) == [Row(2, "anna@example.com", "700,50", "Miete für Mai", True)]


def test_a_line_of_headings_is_recognised_after_empty_lines_and_a_declared_separator() -> None:
    assert rows_read(b"sep=;\r\n\r\nto;sum\r\na@b.example;1\r\n") == [Row(4, "a@b.example", "1", "")]
    assert rows_read(b'\xef\xbb\xbf"sep=,"\na@b.example,1\n') == [Row(2, "a@b.example", "1", "")]


def test_a_payee_called_like_a_heading_is_no_heading() -> None:
    assert rows_read(b"Name,12\n") == [Row(1, "Name", "12", "")]


def test_quotes_keep_separators_and_quotation_marks() -> None:
    content = b'"Rao, Chitra","1,234.50","She said ""thanks"""\n'
    assert rows_read(content) == [Row(1, "Rao, Chitra", "1,234.50", 'She said "thanks"')]


def test_line_numbers_are_those_of_the_file() -> None:
    assert [row.number for row in rows_read(b"payee,amount\n\na@b.example,1\n\n\nc@d.example,2\n")] == [3, 6]


def test_a_stray_line_does_not_refuse_the_others_and_its_amount_is_not_guessed() -> None:
    content = b'Bruno,1,"two\nlines"\nChitra,1,234,567\nDora,5\n'
    assert rows_read(content) == [
        Row(1, "Bruno", "1", "two\nlines"),
        Row(3, "Chitra", "1 | 234 | 567", ""),
        Row(4, "Dora", "5", ""),
    ]


@pytest.mark.parametrize(
    ("content", "doubted"),
    [
        (b'A,"1,500"\nB,"1,234.50"\n', [False, False]),
        (b'A,"1,500"\nB,"5,41"\n', [True, True]),
        (b'A,"1,500"\nB,"1.234,56"\n', [True, True]),
        (b'A,"1,500"\nB,"1,23,456"\n', [False, False]),
        (b"A;1,500\nB;5\nC;1,234.50\n", [True, False, False]),
        (b"A\t1,500\nB\t5\n", [True, False]),
        (b"sep=;\nA;1,500\n", [True]),
    ],
)
def test_a_comma_that_may_be_a_decimal_comma_is_marked(content: bytes, doubted: list[bool]) -> None:
    assert [row.may_be_decimal for row in rows_read(content)] == doubted


def test_the_same_cells_with_a_doubtful_comma_are_another_file() -> None:
    assert rows_digest(rows_read(b"A;1,500")) != rows_digest(rows_read(b'A,"1,500"'))


def test_missing_cells_are_left_to_the_check() -> None:
    assert rows_read(b"Bruno\n,5\nChitra,,Note\n") == [
        Row(1, "Bruno", "", ""),
        Row(2, "", "5", ""),
        Row(3, "Chitra", "", "Note"),
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no payees"),
        (b"\n \n,,\n", "no payees"),
        (b"payee,amount,note\n", "headings in it and no payees"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"\xd0\xcf\x11\xe0rest", "spreadsheet"),
        ("payee,amount\nBruno,1".encode("utf-16"), "UTF-16"),
        ("Bruno,1\nJosé,2\n".encode("latin-1"), "not in UTF-8 (line 2)"),
        (b"Bruno,1\nChi\x00tra,2\n", "no text"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "no text"),
        (b"Bruno,1\nChi\x1btra,2\n", "Line 2 has characters"),
        ("Bruno,1,\u202eevil\n".encode(), "Line 1 has characters"),
        (b"Bruno,1,2,x\nChitra,1,234.50,Salary\n", "Line 1 has 4 columns"),
        (b"payee,amount\nBruno,1,extra\n", "Line 2 has 3 columns; there may be 2"),
        (b"payee,amount,iban\nBruno,1,2\n", "The column “iban”"),
        (b"payee,email,amount\nBruno,a@b.example,2\n", "Two columns are called payee"),
        (b'Bruno,1,"open\nChitra,2,x\n', "quotation mark"),
        (b'Bruno,1,"a"b\n', "Line 1 cannot be read"),
        (b"Bruno,1," + b"x" * 501, "more than 500 characters"),
        (b"Bruno,1," + b"x" * 200_000, "Line 1"),
        (b"a@b.example,1\n" * (MAX_LINES + 1), "more than 10,000 lines"),
        (b"payee,amount\n" + b"a@b.example,1\n" * (MAX_LINES + 1), "more than 10,000 lines"),
        (b"x" * (MAX_BYTES + 1), "larger than 2 MB"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(FileUnreadable) as refused:
        rows_read(content)
    assert sentence in refused.value.message
    assert refused.value.message.endswith((".", "?"))


@pytest.mark.parametrize("heading", [b"", b"payee,amount,note\n"])
def test_ten_thousand_lines_are_read(heading: bytes) -> None:
    rows = rows_read(heading + b"".join(b"p%d@example.com,1,x\n" % number for number in range(MAX_LINES)))
    assert len(rows) == MAX_LINES


@pytest.mark.parametrize(
    "content",
    [
        b"a," * (MAX_BYTES // 2),
        b"payee,amount," + b"a," * (MAX_BYTES // 2 - 10),
        ("\ufdfa," * (MAX_BYTES // 4)).encode(),
        (("\ufdfa" * 490 + ",") * (MAX_BYTES // 1_471)).encode(),
    ],
    ids=["cells", "headings-and-cells", "cells-that-grow", "long-cells-that-grow"],
)
def test_a_line_of_endless_cells_is_refused_before_they_are_looked_at(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    for name in ("search_form", "has_forbidden_characters"):
        monkeypatch.setattr(bulk_files, name, lambda text: looked.append(text))
    with pytest.raises(FileUnreadable, match=r"Line 1 has [0-9,]+ columns"):
        rows_read(content)
    assert looked == []


def test_headings_are_looked_for_in_a_few_short_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def record(text: str) -> str:
        looked.append(text)
        return text.lower()

    monkeypatch.setattr(bulk_files, "search_form", record)
    with pytest.raises(FileUnreadable, match="columns"):
        rows_read(b",".join([b"x" * 400] * 5 + [b"a"] * 40))
    assert looked == ["a"] * 7


@pytest.mark.parametrize("content", [b"\n" * MAX_BYTES, b"\r" * MAX_BYTES, b"," * MAX_BYTES])
def test_empty_lines_and_cells_are_not_looked_at(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def record(raw: list[str], number: int) -> list[str]:
        looked.append(number)
        return []

    monkeypatch.setattr(bulk_files, "_cells", record)
    with pytest.raises(FileUnreadable, match="no payees"):
        rows_read(content)
    assert len(looked) <= 1


def test_another_order_note_or_amount_is_another_file() -> None:
    one, two = PLAIN
    others = [[two, one], [one], [one, Row(2, two.payee, "4", "")], [one, Row(2, two.payee, "3", "x")]]
    assert len({rows_digest(rows) for rows in [PLAIN, *others]}) == 5
    # Where a line stands in the file does not matter, nor can cells run into each other.
    assert rows_digest([one, Row(9, two.payee, "3", "")]) == rows_digest(PLAIN)
    assert rows_digest([Row(1, "ab", "c", "")]) != rows_digest([Row(1, "a", "bc", "")])


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-5", "@SUM(A1)", '=HYPERLINK("http://x")', "\t=1", "\r=1"])
def test_no_cell_becomes_a_formula(text: str) -> None:
    assert cell_safe(text) == f"'{text}"


def test_what_we_write_can_be_uploaded_again() -> None:
    rows = [("payee", "amount", "note", "problem"), ("Rao, Chitra", "5", "=SUM(A1)", "Nobody, “here”.")]
    text = "".join(csv_lines(rows))
    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text[1:])))[1][2] == "'=SUM(A1)"
    assert rows_read(text.encode()) == [Row(2, "Rao, Chitra", "5", "=SUM(A1)")]


def test_the_sample_can_be_read() -> None:
    rows = rows_read("".join(csv_lines(SAMPLE)).encode())
    assert [row.payee for row in rows] == [line[0] for line in SAMPLE[1:]]
    assert rows[2].note == "Travel, 3 May"
