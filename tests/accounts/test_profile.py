"""Changing one's names and password: all or nothing, and only on the password that the sign-in stands on."""

from typing import Any

import pytest

from accounts.errors import InvalidFields, InvalidToken
from accounts.models import User
from accounts.profile import language_choose, profile_change
from tests.accounts.together import outcomes_together
from tests.cast import PASSWORD

NEW = "nine loud herons"


def stored(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_names_are_cleaned_and_found_by(owner: User) -> None:
    changed = profile_change(user=owner, first_name="  João ", last_name="")
    assert (changed.name, stored(owner).name) == ("João", "João")
    assert stored(owner).search_names == ["joao"]
    assert stored(owner).check_password(PASSWORD)


def test_nothing_given_changes_nothing(owner: User) -> None:
    profile_change(user=stored(owner))
    assert (stored(owner).name, stored(owner).password) == (owner.name, owner.password)


def test_a_new_password_needs_the_one_until_now(owner: User) -> None:
    for current in (None, "", "wrong", 5, {"$gt": ""}, "\ud800", "x" * 300):
        with pytest.raises(InvalidFields) as caught:
            profile_change(user=stored(owner), password=NEW, current_password=current)
        assert set(caught.value.errors) == {"current_password"}
    profile_change(user=stored(owner), password=NEW, current_password=PASSWORD)
    assert stored(owner).check_password(NEW)


@pytest.mark.parametrize("password", ["", "123", "new owner", "new owner name", "x" * 257, 5])
def test_a_new_password_is_held_to_the_rules_of_a_first_one(owner: User, password: Any) -> None:
    """It must not resemble the name either that is given with it."""
    with pytest.raises(InvalidFields) as caught:
        profile_change(
            user=owner, first_name="New Owner", last_name="Name", password=password, current_password=PASSWORD
        )
    assert set(caught.value.errors) == {"password"}
    assert stored(owner).first_name == "Olivia"


def test_whoever_read_the_person_before_a_new_password_changes_nothing(owner: User) -> None:
    late = stored(owner)
    profile_change(user=stored(owner), password=NEW, current_password=PASSWORD)
    with pytest.raises(InvalidToken):
        profile_change(user=late, first_name="Mallory")
    assert stored(owner).name == "Olivia Owner"


def test_of_eight_new_passwords_at_once_one_is_set(owner: User) -> None:
    readings = [stored(owner) for _ in range(8)]

    def change(number: int) -> None:
        profile_change(user=readings[number], password=f"{NEW} {number}", current_password=PASSWORD)

    assert outcomes_together(8, change) == {"ok": 1, "InvalidToken": 7}
    assert sum(stored(owner).check_password(f"{NEW} {number}") for number in range(8)) == 1


def test_two_changes_of_two_names_at_once_both_stay(owner: User) -> None:
    """And the words that the person is found by are those of both."""
    readings = [stored(owner), stored(owner)]
    changes: list[dict[str, str]] = [{"first_name": "Oona"}, {"last_name": "Other"}]
    assert outcomes_together(2, lambda number: profile_change(user=readings[number], **changes[number])) == {"ok": 2}
    assert (stored(owner).name, stored(owner).search_names) == ("Oona Other", ["oona other", "other"])


def test_a_new_password_undoes_no_new_name(owner: User) -> None:
    late = stored(owner)
    profile_change(user=stored(owner), first_name="Oona")
    profile_change(user=late, password=NEW, current_password=PASSWORD)
    assert (stored(owner).first_name, stored(owner).check_password(NEW)) == ("Oona", True)


def test_of_a_name_that_is_given_late_the_other_is_the_newer_one(owner: User) -> None:
    late = stored(owner)
    profile_change(user=stored(owner), last_name="Newer")
    assert profile_change(user=late, first_name="Oona").name == "Oona Newer"
    assert stored(owner).search_names == ["newer", "oona newer"]


def test_only_a_language_of_the_bank_is_kept(owner: User) -> None:
    assert stored(owner).language == ""
    language_choose(user=owner, language="en")
    assert stored(owner).language == "en"
    for language in ("xx", "", None, 5, {"$gt": ""}, "en" * 50):
        with pytest.raises(InvalidFields):
            language_choose(user=stored(owner), language=language)
    assert stored(owner).language == "en"
