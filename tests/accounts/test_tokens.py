"""Tokens for programs: valid until they expire, are used up, are revoked, or their person changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt as pyjwt
import pytest
from bson import ObjectId
from django.conf import settings
from pymongo.database import Database

from accounts.errors import InvalidToken
from accounts.models import User
from accounts.tokens import access_authenticate, pair_issue, pair_refresh, token_revoke
from config.owner import as_owner
from tests.accounts.together import outcomes_together

Document = dict[str, Any]


def claims_of(token: str) -> Document:
    return pyjwt.decode(token, settings.SECRET_KEY, algorithms=["HS256"])


def signed(claims: Document, *, key: str | None = None, algorithm: str = "HS256") -> str:
    return pyjwt.encode(claims, settings.SECRET_KEY if key is None else key, algorithm=algorithm)


def assert_refused(token: Any) -> None:
    with pytest.raises(InvalidToken):
        access_authenticate(token=token)


def test_access_token_names_its_person(owner: User, second: User) -> None:
    user, claims = access_authenticate(token=pair_issue(user=owner).access)
    assert user.pk == owner.pk
    assert claims["user_id"] == str(owner.pk)


def test_lifetimes_are_the_settings(owner: User) -> None:
    pair = pair_issue(user=owner)
    for token, days in ((pair.access, 3), (pair.refresh, 14)):
        claims = claims_of(token)
        assert claims["exp"] - claims["iat"] == days * 24 * 3600


def test_kinds_of_tokens_are_not_exchangeable(owner: User) -> None:
    pair = pair_issue(user=owner)
    assert_refused(pair.refresh)
    with pytest.raises(InvalidToken):
        pair_refresh(refresh=pair.access)


def test_refreshing_ends_the_old_pair_and_keeps_the_new_one(owner: User) -> None:
    old = pair_issue(user=owner)
    user, new = pair_refresh(refresh=old.refresh)
    assert user.pk == owner.pk
    assert access_authenticate(token=new.access)[0].pk == owner.pk
    assert_refused(old.access)


def test_second_use_of_a_refresh_token_ends_the_family(owner: User) -> None:
    old = pair_issue(user=owner)
    _, new = pair_refresh(refresh=old.refresh)
    other_sign_in = pair_issue(user=owner)
    with pytest.raises(InvalidToken):
        pair_refresh(refresh=old.refresh)
    assert_refused(new.access)
    with pytest.raises(InvalidToken):
        pair_refresh(refresh=new.refresh)
    assert access_authenticate(token=other_sign_in.access)[0].pk == owner.pk


def test_one_of_32_simultaneous_refreshes_wins(owner: User) -> None:
    refresh = pair_issue(user=owner).refresh
    outcomes = outcomes_together(32, lambda _: pair_refresh(refresh=refresh))
    assert outcomes == {"ok": 1, "InvalidToken": 31}


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_revoking_ends_the_family_at_once(owner: User, kind: str) -> None:
    first = pair_issue(user=owner)
    _, pair = pair_refresh(refresh=first.refresh)
    other_sign_in = pair_issue(user=owner)
    token_revoke(token=getattr(pair, kind))
    assert_refused(pair.access)
    with pytest.raises(InvalidToken):
        pair_refresh(refresh=pair.refresh)
    assert access_authenticate(token=other_sign_in.access)[0].pk == owner.pk


def test_revocation_is_in_the_database_for_every_process(owner_db: Database[Document], owner: User) -> None:
    pair = pair_issue(user=owner)
    token_revoke(token=pair.access)
    record = owner_db["accounts_revoked_tokens"].find_one({"_id": f"family:{claims_of(pair.access)['family']}"})
    assert record is not None
    # It outlives the longest-living token of the family.
    stays = record["expires_at"].replace(tzinfo=UTC) - datetime.fromtimestamp(claims_of(pair.refresh)["exp"], UTC)
    assert stays > timedelta(0)
    owner_db["accounts_revoked_tokens"].delete_many({})
    assert access_authenticate(token=pair.access)[0].pk == owner.pk


def test_revocations_are_forgotten_by_the_database(owner_db: Database[Document]) -> None:
    index = owner_db["accounts_revoked_tokens"].index_information()["expires_at_1"]
    assert index["expireAfterSeconds"] == 0


def test_somebody_shut_out_or_deleted_is_refused(owner: User, second: User) -> None:
    shut_out, gone = pair_issue(user=owner), pair_issue(user=second)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    with as_owner():
        second.delete()
    for pair in (shut_out, gone):
        assert_refused(pair.access)
        with pytest.raises(InvalidToken):
            pair_refresh(refresh=pair.refresh)


def test_new_password_ends_all_tokens_from_before(owner: User) -> None:
    pair = pair_issue(user=owner)
    owner.set_password("another good one")
    owner.save(update_fields=["password"])
    assert_refused(pair.access)
    with pytest.raises(InvalidToken):
        pair_refresh(refresh=pair.refresh)
    assert access_authenticate(token=pair_issue(user=owner).access)[0].pk == owner.pk


def test_expired_token_is_refused(owner: User) -> None:
    claims = claims_of(pair_issue(user=owner).access)
    assert_refused(signed(claims | {"exp": int(datetime.now(UTC).timestamp()) - 1}))


@pytest.mark.filterwarnings("ignore:The HMAC key")
def test_forged_tokens_are_refused(owner: User) -> None:
    claims = claims_of(pair_issue(user=owner).access)
    assert access_authenticate(token=signed(claims))[0].pk == owner.pk
    assert_refused(signed(claims, key="x" * 64))
    assert_refused(signed(claims, key="", algorithm="none"))
    assert_refused(signed(claims, algorithm="HS512"))
    assert_refused(signed(claims | {"user_id": "not an id"}))
    assert_refused(signed(claims | {"user_id": str(ObjectId())}))
    assert_refused(signed(claims | {"user_id": {"$gt": ""}}))
    assert_refused(signed({name: value for name, value in claims.items() if name != "family"}))
    assert_refused(signed({name: value for name, value in claims.items() if name != "exp"}))


@pytest.mark.parametrize(
    "garbage", ["", "a.b.c", "é.é.é", "\ud800", "x" * 100_000, None, 5, {"$gt": ""}, b"bytes", ["a"]]
)
def test_garbage_is_refused_and_ignored_when_revoked(bank_db: Database[Document], garbage: Any) -> None:
    assert_refused(garbage)
    with pytest.raises(InvalidToken):
        pair_refresh(refresh=garbage)
    token_revoke(token=garbage)
    assert bank_db["accounts_revoked_tokens"].count_documents({}) == 0


def test_pair_does_not_show_its_tokens(owner: User) -> None:
    pair = pair_issue(user=owner)
    assert pair.access not in repr(pair)
