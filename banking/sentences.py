"""What services say, in the language of the page that shows it.

Services, the ledger and the people's rules speak English: their sentences go out over the API as they are, and some
of them are kept (why a line of a list cannot be paid, why a delivery failed) to be read later, by anybody. So a
sentence is translated where it is shown, by this table. A word in braces stands for whatever is in its place, which is
kept, but for amounts and numbers: the language writes them. A test looks for sentences that are missing here.
"""

import re
from functools import cache

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

from banking.locales import money_text, number_text
from ledger.money import format_for_people, offered_currencies

_PLACE = re.compile(r"\{(\w+)\}")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+", re.ASCII)
_BETWEEN = re.compile(r"(?<=[.?!]) ")

LEDGER = (
    _("There is not enough money in the account."),
    _("The account that pays is not active."),
    _("The account that would receive the money is not active."),
    _("There is no account to receive the money."),
    _("The two accounts have different currencies."),
    _("The amount is above the limit for one transfer."),
    _('The amount must be a number or a decimal string, such as 1500 or "33.33".'),
    _("The amount must be greater than zero."),
    _("The amount is too large."),
    _("The amount must be a plain positive number, such as 1500 or 33.33."),
    _("{currency} has {places} decimals; the amount has {count}."),
    _("The idempotency key must be 1 to 128 visible ASCII characters without spaces."),
    _("The note must be text."),
    _("The note must be at most {most} characters on one line."),
    _("The type must be one of {types}."),
    _("Money can only be sent to a different account."),
    _("{currency} is not a currency of this bank."),
    _("There is no such account."),
    _("The bank has not signed this transfer yet. Ask again in a minute."),
    _("The bank cannot prove this transfer. Those who look after the ledger are told."),
    _("There is no such transaction."),
    _("You already have an account in {currency}."),
    _("The account is {status} and cannot become {wanted}."),
    _("An account can be closed only when its balance and its held amount are zero."),
    _("This idempotency key was used for a different transfer. Use a new key."),
    _("A transfer with this key is still in progress."),
    _("This transfer has failed three times and is final. Start a new one."),
    _("The bank is busy. Nothing has been lost; send the same request again."),
    _("The cursor is not valid."),
    _("With these filters pages have numbers within {count} entries; go on with the cursor."),
    _("There are no page numbers this deep; go on with the cursor."),
)

PEOPLE = (
    _("This cannot be done."),
    _("Some fields are not valid."),
    _("This e-mail address is already registered."),
    _("This document is already registered."),
    _("The e-mail address or the password is wrong."),
    _("This sign-in is no longer valid. Please sign in again."),
    _("There is no such person."),
    _("The bank already has a system user, and it can have only one."),
    _("Who the system user is cannot be changed or deleted."),
    _("This is not a valid CPF or CNPJ."),
    _("This is not your password."),
    _("This is not a valid e-mail address."),
    _("A name needs at least one letter."),
    _("This has to be text."),
    _("This has to be filled in."),
    _("This has characters that cannot be used here."),
    _("This can have at most {most} characters."),
    _("This needs at least {least} characters."),
    _("You have registered with another document."),
    _("This browser is signed out already."),
    _("The bank does not speak this language."),
)

BANK = (
    _("Too many requests. Try again in {minutes} min."),
    _("Sign in first."),
    _("You are not allowed to do this."),
    _("A request that signs in by cookie must come from this site itself."),
    _("The request is too large."),
    _("The request cannot be understood."),
    _("The request is not a JSON object."),
    _("There is nobody to pay under this id."),
    _("There is no such delivery."),
    _("There is no such notification."),
    _("There is nothing at this address."),
    _("This address does not take this method."),
    _("Answers are JSON only."),
    _("Requests are JSON only (application/json)."),
    _("Something went wrong on our side. Nothing of it is your fault."),
    _("This is not the name of the account's holder."),
    _("Nobody here has this document."),
    _("The reason must be at most 140 characters on one line."),
    _("This is not an account number."),
    _("Unknown account"),
    _("Write the amount plainly, without commas, such as {plain}, or {written}."),
)

LISTS = (
    _("There is no such list of payments."),
    _("The account that pays is not active. Nothing was paid."),
    _("This list was checked again in the meantime. Look at it once more; nothing was paid."),
    _("There is no payee. Write a name, an e-mail address or an account number."),
    _("Nobody here is called like this. Check the spelling, or use the e-mail address."),
    _("Nobody here has this e-mail address. Check it with the payee."),
    _("There is no account with this number. Check it with the payee."),
    _("Several people are called like this. Use the e-mail address or account number."),
    _("This is yourself. Money can only be sent to somebody else."),
    _("This account cannot receive money now. The payee can ask the bank why."),
    _("There is no amount."),
    _("There is a line break in a cell. Write it on one line, and look for an open quotation mark."),
    _("This line has too many cells. Put what has a comma in it between quotation marks."),
    _("The comma may be a decimal comma. Write amounts with a point and no commas, such as 1234.56."),
    _("Line {number} looks like headings. It is not paid; call the columns payee, amount and note."),
    _("An account number has 24 characters; this one has {count}. Check it."),
    _("One transfer can be at most {amount}. Split it into several lines."),
    _("This account is in {currency}; it cannot receive {other}."),
    _("{name} has no account in {currency}. Ask them to open one."),
    _("It was paid by an earlier list, and you chose not to pay it again."),
    _("The file is larger than 2 MB. Split it into several files."),
    _("There are no payees in it. Write one payee on each line: payee, amount, note."),
    _("There are headings in it and no payees below them."),
    _("This is a spreadsheet. Save it as “CSV UTF-8” and upload that file."),
    _("The file is in UTF-16. Save it as “CSV UTF-8” and upload that file."),
    _("The file is not in UTF-8 (line {number}). Save it as “CSV UTF-8” and upload that file."),
    _("Line {number} cannot be read: a quotation mark is missing or out of place."),
    _("It has more than {count} lines. Split it into several files."),
    _("Line {number} has {count} columns. Write payee, amount and note on each line."),
    _("Line {number} has a cell of more than {most} characters. Is a quotation mark open?"),
    _("Line {number} has characters that are no text. Is this a CSV file?"),
    _("The column “{name}” is not known. Keep three columns: payee, amount and note."),
    _("Two columns are called {name}. Keep one of them."),
    _(
        "Line {number} has {count} columns; there may be {most}. "
        "Put amounts and notes with commas in them between quotation marks."
    ),
)

DELIVERIES = (
    _("The mail server did not take it ({error})."),
    _("The mail server refuses the address ({code})."),
    _("The mail server refuses the address for now ({codes})."),
    _("There is nobody to write to."),
    _("Nobody gets mail at a reserved name."),
    _("There is no such webhook."),
    _("You have a webhook at this address already."),
    _("This webhook is switched off. Switch it on first."),
    _("You have as many webhooks as one person can have. Remove one first."),
    _("Choose at least one kind of event."),
    _("The webhook was removed."),
    _("The webhook is switched off."),
    _("The server answered 410 Gone, so it is not called any more."),
    _("The secret of this webhook cannot be read any more. Renew it, and what happens from then on is delivered."),
    _("The server answered {status}; redirects are not followed."),
    _("The server answered {status}."),
    _("The server takes no connection."),
    _("The server's certificate is not valid for this address."),
    _("The server broke off, or did not answer in HTTP."),
    _("The server did not answer within {seconds} seconds."),
    _("Write an address of at most {most} letters, digits and signs, without spaces."),
    _("The port must be 443, 80 or above 1023."),
    _("This address does not lead to a server that can be reached from everywhere."),
    _("This is not an address."),
    _("The address must begin with https://."),
    _("The address must not hold a user name or a password."),
    _("The address must not hold a #, which servers never see."),
    _("The name of the server is not valid. Names of other scripts begin with xn--."),
    _("The name of the server is not valid."),
)

INTEGRITY = (
    _("The balances of each currency add up to zero: no money came from nowhere or went there."),
    _("Every balance is the sum of its account's entries."),
    _("Nobody has spent more than they may."),
    _("Every completed transfer has one debit and one credit of the same amount, every other has none."),
    _("The entries of every account are numbered without a gap, and each balance follows from the one before."),
    _("No request was executed twice: a sender's key names one transaction."),
    _("The database refuses the bank's own programs any change of entries and audit records."),
    _("What was acknowledged is on disk on a majority of the database's nodes."),
    _("Every entry carries the hash of the one before it, and nobody has changed one since."),
    _("Everything that was signed still stands as it was signed."),
    _("The figures for administrators say what the accounts say."),
    _("Nobody has looked since."),
    _("Nobody has looked yet."),
    _("No public key is set to check signatures with (CHECKPOINT_PUBLIC_KEYS)."),
    _("The database asks nobody for a password, so it refuses nothing."),
    _("The bank's credentials may do more than they should: {excess}, …"),
    _("The database does not say how its nodes are doing."),
    _("The majority is {seconds} seconds behind and acknowledges nothing."),
)

SENTENCES = (*LEDGER, *PEOPLE, *BANK, *LISTS, *DELIVERIES, *INTEGRITY)


def told(text: str) -> str:
    """Return what a service said, a sentence or several, in the language of the page; unknown ones stay as is."""
    if not text or (get_language() or "en").startswith("en"):
        return text
    found = _told(text)
    return found if found is not None else " ".join(_parts(_BETWEEN.split(text)))


def _parts(sentences: list[str]) -> list[str]:
    """Translate as many sentences together as the table has together, from the left."""
    parts = []
    while sentences:
        for length in range(len(sentences), 0, -1):
            found = _told(" ".join(sentences[:length]))
            if found is not None or length == 1:
                parts.append(found or sentences[0])
                sentences = sentences[length:]
                break
    return parts


def _told(sentence: str) -> str | None:
    for pattern, template in _patterns():
        match = pattern.fullmatch(sentence)
        if match:
            values = {name: _written(value) for name, value in match.groupdict().items()}
            return gettext(template).format_map(values) if values else gettext(template)
    return None


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Return the table as patterns, whole sentences before those with places: those match less."""
    ordered = sorted(SENTENCES, key=lambda sentence: bool(_PLACE.search(sentence)))
    return [(_pattern(sentence), sentence) for sentence in ordered]


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = _PLACE.split(sentence)
    texts, names = parts[::2], parts[1::2]
    places = [f"(?P<{name}>.+?)" for name in names] + [""]
    return re.compile("".join(re.escape(text) + place for text, place in zip(texts, places, strict=True)))


def _written(value: str) -> str:
    """Return a value of a sentence by the language; what is no amount and no number stays as it is."""
    if _GROUPED.fullmatch(value):
        return number_text(int(value.replace(",", "")))
    digits = re.sub(r"[^0-9]", "", value)
    if digits and value[0] not in "0123456789":
        for currency in offered_currencies():
            if format_for_people(int(digits), currency) == value:
                return money_text(int(digits), currency)
    return value
