"""What people fill in to pay many at once."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from banking.bulk_files import MAX_LINES, Row, rows_of_text, rows_read
from banking.errors import FileUnreadable
from banking.locales import number_text

_FILE_HELP = format_lazy(
    _("Payee, amount and note on each line; at most {count} lines and 2 MB."), count=lazy(number_text, str)(MAX_LINES)
)
PASTED = _("Pasted list")


class UploadForm(forms.Form):
    """A list of payees, as a file or as text. After it was found valid, `rows` has the lines and `name` the name."""

    file = forms.FileField(
        label=_("CSV file"),
        required=False,
        allow_empty_file=True,
        help_text=_FILE_HELP,
        widget=forms.FileInput({"accept": ".csv,.txt,text/csv,text/plain"}),
    )
    text = forms.CharField(
        label=_("Lines"),
        required=False,
        strip=False,
        help_text=_("One payee on each line, at most 1 MB: payee, amount, note."),
        widget=forms.Textarea(
            {
                "rows": 6,
                "spellcheck": "false",
                "autocomplete": "off",
                "placeholder": _("bruno@example.com,1250.00,Salary"),
            }
        ),
    )

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.rows: list[Row] = []
        self.name = ""

    def clean(self) -> dict[str, Any]:
        """Read the lines; nothing is checked yet."""
        file, text = self.cleaned_data.get("file"), str(self.cleaned_data.get("text", ""))
        if file and text.strip():
            raise ValidationError(_("Choose a file or paste lines, not both."))
        if not file and not text.strip():
            self.add_error("file", _("Choose a file, or paste lines below."))
        elif file:
            self._read_file(file)
        else:
            self._read_text(text)
        return self.cleaned_data

    def _read_file(self, file: "UploadedFile[Any]") -> None:
        try:
            self.rows = rows_read(file.read())
        except FileUnreadable as error:
            self.add_error("file", error.message)
        self.name = file.name or str(PASTED)

    def _read_text(self, text: str) -> None:
        try:
            self.rows = rows_of_text(text.lstrip("\ufeff"))
        except FileUnreadable as error:
            self.add_error("text", error.message)
        self.name = str(PASTED)
