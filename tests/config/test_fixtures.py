"""The tests' own ground: settings, the clean database, the fixed cast."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import identify_hasher, make_password
from django.db import connection
from pymongo.database import Database

from accounts.models import User
from tests.cast import PASSWORD
from tests.database import clean


def test_settings_are_those_of_the_tests() -> None:
    assert settings.FLORIN_ENV == "test"
    assert settings.RATE_LIMIT_API == "off"
    assert settings.DATABASES["default"]["HOST"].startswith("mongodb://florin_app_")


def test_only_a_test_database_is_emptied(bank_db: Database[dict[str, Any]]) -> None:
    with pytest.raises(AssertionError, match="refusing to empty florin"):
        clean(bank_db.client["florin"])


def test_the_database_starts_with_the_system_accounts_alone(owner_db: Database[dict[str, Any]]) -> None:
    owner_db["something"].insert_one({"_id": 1})
    clean(owner_db)
    filled = {name for name in owner_db.list_collection_names() if owner_db[name].find_one()}
    owner_db.drop_collection("something")
    kept = {"django_migrations", "django_content_type", "auth_permission"}
    assert filled - kept == {"ledger_accounts", "banking_outbox"}
    assert owner_db["ledger_accounts"].count_documents({"owner": None}) == len(settings.CURRENCIES)


def test_the_cast_is_five_people(owner: User, second: User, stranger: User, admin: User, system_user: User) -> None:
    assert len({person.pk for person in (owner, second, stranger, admin, system_user)}) == 5
    assert owner.check_password(PASSWORD)
    assert admin.is_admin
    assert system_user.is_system


def test_threads_reach_the_database(owner: User) -> None:
    def read() -> str:
        try:
            return User.objects.get(pk=owner.pk).email
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert {future.result() for future in [pool.submit(read) for _ in range(8)]} == {owner.email}


def test_passwords_are_cheap_to_hash_unless_asked() -> None:
    assert identify_hasher(make_password("x")).algorithm == "md5"


def test_the_real_hasher_is_there_when_asked(real_hasher: None) -> None:
    assert identify_hasher(make_password("x")).algorithm == "bcrypt_sha256"
