"""People as they are stored: found by index, kept unique, and the system user for ever what it is."""

from typing import Any

import pytest
from bson import ObjectId
from django.db import IntegrityError
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, WriteError

from accounts.errors import SystemUserImmutable
from accounts.models import Role, User
from accounts.selectors import people_search, user_by_email
from config.owner import as_owner
from tests.accounts.explain import pipeline_sent, stages

Document = dict[str, Any]


def plain_user(number: int, **fields: Any) -> User:
    return User(email=f"p{number}@example.com", first_name="P", last_name=f"N{number}", password="x", **fields)


def stored(database: Database[Document], user: User) -> Document:
    document = database["accounts_users"].find_one({"_id": user.pk})
    assert document is not None
    return document


def test_email_is_found_by_index(bank_db: Database[Document], monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.bulk_create([plain_user(number) for number in range(50)])
    pipeline = pipeline_sent(monkeypatch, lambda: user_by_email(email="P7@example.com"))
    plan = stages(bank_db, "accounts_users", pipeline)
    assert "IXSCAN" in plan
    assert "COLLSCAN" not in plan


def test_index_of_unique_alone_would_not_be_used(owner_db: Database[Document]) -> None:
    """The reason for the second index on the address; when this fails, the second one has become superfluous."""
    query = [{"$match": {"email": "p7@example.com"}}]
    users = owner_db["accounts_users"]
    users.drop_index("accounts_email")
    try:
        assert "COLLSCAN" in stages(owner_db, "accounts_users", query)
    finally:
        users.create_index("email", name="accounts_email")


def test_email_is_stored_and_looked_up_in_lower_case(bank_db: Database[Document], owner: User) -> None:
    user = User.objects.create_user("  MiXed@Example.COM ", "secret words", first_name="M", last_name="X")
    assert stored(bank_db, user)["email"] == "mixed@example.com"
    assert User.objects.get(email="MIXED@example.com").pk == user.pk
    assert User.objects.get_by_natural_key("Mixed@example.com").pk == user.pk


@pytest.mark.parametrize("pattern", [".*", "olivia.example.com", "^o", "olivia@example.com|x"])
def test_iexact_is_no_regular_expression(owner: User, pattern: str) -> None:
    assert not User.objects.filter(email__iexact=pattern).exists()


def test_iexact_still_ignores_case(owner: User) -> None:
    assert User.objects.filter(email__iexact="OLIVIA@example.com").count() == 1


@pytest.mark.parametrize("operator", [{"$gt": ""}, {"$ne": None}, {"$regex": ".*"}])
def test_operators_are_not_understood_as_such(owner: User, operator: Any) -> None:
    assert not User.objects.filter(email=operator).exists()


def test_second_person_with_the_same_email_is_refused_by_the_database(
    bank_db: Database[Document], owner: User
) -> None:
    with pytest.raises(IntegrityError):
        User.objects.create_user("OLIVIA@example.com", "secret words", first_name="O", last_name="2")
    copy = stored(bank_db, owner) | {"_id": ObjectId()}
    with pytest.raises(DuplicateKeyError):
        bank_db["accounts_users"].insert_one(copy)


def test_document_is_unique_but_may_be_missing(bank_db: Database[Document]) -> None:
    User.objects.bulk_create([plain_user(1), plain_user(2), plain_user(3, document="39053344705")])
    with pytest.raises(IntegrityError):
        plain_user(4, document="39053344705").save()


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "Olivia@example.com"},
        {"email": {"$gt": ""}},
        {"role": "ROOT"},
        {"is_system": "yes"},
        {"document": "390.533.447-05"},
        {"first_name": ""},
        {"search_names": "olivia"},
    ],
)
def test_database_refuses_what_the_model_would_not_write(
    bank_db: Database[Document], owner: User, wrong: Document
) -> None:
    before = stored(bank_db, owner)
    with pytest.raises(WriteError):
        bank_db["accounts_users"].update_one({"_id": owner.pk}, {"$set": wrong})
    assert stored(bank_db, owner) == before


def test_words_to_be_found_by_follow_a_new_name(bank_db: Database[Document], owner: User) -> None:
    owner.first_name = "Zélia"
    owner.save(update_fields=["first_name"])
    assert [user.pk for user in people_search(words="zelia ow", exclude=None)] == [owner.pk]
    assert people_search(words="olivia", exclude=None) == []


def test_names_cannot_be_updated_past_the_words_they_are_found_by(owner: User) -> None:
    with pytest.raises(ValueError, match="save"):
        User.objects.filter(pk=owner.pk).update(first_name="Other")


def test_system_flag_cannot_be_taken_away(bank_db: Database[Document], system_user: User) -> None:
    system_user.is_system = False
    with pytest.raises(SystemUserImmutable):
        system_user.save()
    with pytest.raises(SystemUserImmutable):
        system_user.save(update_fields=["is_system"])
    with pytest.raises(SystemUserImmutable):
        User.objects.filter(pk=system_user.pk).update(is_system=False)
    with pytest.raises(SystemUserImmutable):
        User.objects.bulk_update([system_user], ["is_system"])
    with pytest.raises(SystemUserImmutable):
        User._base_manager.filter(pk=system_user.pk).update(is_system=False)
    assert stored(bank_db, system_user)["is_system"] is True


def test_system_flag_survives_an_instance_made_by_hand(bank_db: Database[Document], system_user: User) -> None:
    impostor = User(pk=system_user.pk, email="system@example.com", first_name="S", last_name="T", password="x")
    with pytest.raises(SystemUserImmutable):
        impostor.save()
    with pytest.raises(SystemUserImmutable):
        impostor.delete()
    assert stored(bank_db, system_user)["is_system"] is True


def test_system_flag_cannot_be_given_by_saving(bank_db: Database[Document], owner: User) -> None:
    owner.is_system = True
    with pytest.raises(SystemUserImmutable):
        owner.save()
    assert stored(bank_db, owner)["is_system"] is False


def test_system_user_cannot_be_deleted(bank_db: Database[Document], owner: User, system_user: User) -> None:
    with pytest.raises(SystemUserImmutable):
        system_user.delete()
    with pytest.raises(SystemUserImmutable):
        User.objects.all().delete()
    assert User.objects.count() == 2
    with as_owner():
        User.objects.exclude(pk=system_user.pk).delete()
    assert User.objects.get().pk == system_user.pk


def test_database_allows_one_system_user(bank_db: Database[Document], system_user: User, owner: User) -> None:
    with pytest.raises(IntegrityError):
        plain_user(1, is_system=True).save()
    with pytest.raises(DuplicateKeyError):
        bank_db["accounts_users"].update_one({"_id": owner.pk}, {"$set": {"is_system": True}})


def test_properties() -> None:
    user = User(email="a@example.com", first_name="Ana", last_name="Luz", role=Role.ADMIN)
    assert (user.name, user.get_short_name(), str(user)) == ("Ana Luz", "Ana", "a@example.com")
    assert user.is_admin
    assert not User().is_admin


def test_time_of_registration_is_the_stored_one(owner: User) -> None:
    assert User.objects.get(pk=owner.pk).created_at == owner.created_at
