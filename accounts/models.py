"""People: customers, administrators and the bank's own system user.

An ordinary Django user model without Django's permissions: what somebody may do follows from their role. The rules
stand here for code and, as a validator and unique indexes made by the migrations, in the database for everything else.
"""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_mongodb_backend.fields import ArrayField

from accounts.errors import SystemUserImmutable
from accounts.fields import LowerCaseEmailField
from accounts.managers import UserManager
from accounts.text import search_form

NAME_LENGTH = 60
EMAIL_LENGTH = 254
DOCUMENT_LENGTH = 14
LANGUAGE_LENGTH = 10
# Django's own: sessions and tokens from before there were epochs go on.
_STAMP_SALT = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"


class Role(models.TextChoices):
    """What somebody may do: use the bank, or also look after it."""

    USER = "USER", "User"
    ADMIN = "ADMIN", "Administrator"


def moment() -> datetime:
    """Return the time now as the database stores it, in whole milliseconds."""
    now = timezone.now()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class User(AbstractBaseUser):
    """Somebody who can sign in."""

    email = LowerCaseEmailField(max_length=EMAIL_LENGTH, unique=True)
    first_name = models.CharField(max_length=NAME_LENGTH)
    last_name = models.CharField(max_length=NAME_LENGTH)
    document = models.CharField(max_length=DOCUMENT_LENGTH, null=True, blank=True, unique=True)
    role = models.CharField(max_length=5, choices=Role.choices, default=Role.USER)
    is_system = models.BooleanField(default=False, editable=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=moment, editable=False)
    # The whole name and the last name in their search form: what begins with the words is found by an index.
    search_names = ArrayField(models.CharField(max_length=4 * NAME_LENGTH), default=list, editable=False)
    # In which language the bank writes to them; empty while they have not chosen.
    language = models.CharField(max_length=LANGUAGE_LENGTH, default="", blank=True)
    # How often all sessions, and all tokens, were ended (accounts.sessions); every one carries its number.
    session_epoch = models.PositiveIntegerField(default=0, editable=False)
    token_epoch = models.PositiveIntegerField(default=0, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["first_name", "last_name"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        db_table = "accounts_users"
        base_manager_name = "objects"
        indexes: ClassVar[list[models.Index]] = [
            # The index of `unique=True` is a partial one, which the planner does not use to find an address.
            models.Index(fields=["email"], name="accounts_email"),
            models.Index(fields=["search_names"], name="accounts_search_names"),
            models.Index(fields=["-created_at", "-id"], name="accounts_newest"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["is_system"], condition=Q(is_system=True), name="accounts_one_system_user")
        ]

    def __str__(self) -> str:
        return str(self.email)

    @property
    def name(self) -> str:
        """The whole name."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_admin(self) -> bool:
        """Whether this is an administrator."""
        return self.role == Role.ADMIN

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.first_name

    @property
    def token_stamp(self) -> str:
        """What a token has to carry to be accepted: it changes with the password and with the epoch of tokens."""
        return self._sign_in_stamp(self.token_epoch)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session has to carry; Django's `get_session_auth_hash` and its fallbacks ask for it here."""
        return self._sign_in_stamp(self.session_epoch, secret)

    def _sign_in_stamp(self, epoch: int | None, secret: str | None = None) -> str:
        said = f"{self.password} {epoch}" if epoch else self.password
        return salted_hmac(_STAMP_SALT, said, secret=secret, algorithm="sha256").hexdigest()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the person.

        Raises:
            SystemUserImmutable: the flag of the system user differs from the stored one.
            IntegrityError: the e-mail address or the document belongs to somebody else.
        """
        changed = kwargs.get("update_fields")
        if changed is None or "is_system" in changed:
            self._refuse_system_flag_change()
        if changed is not None and {"first_name", "last_name"} & set(changed):
            kwargs["update_fields"] = {*changed, "search_names"}
        self.derive_fields()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the person.

        Raises:
            SystemUserImmutable: it is the system user.
        """
        if self.is_system or self._stored_system_flag():
            raise SystemUserImmutable
        return super().delete(*args, **kwargs)

    def derive_fields(self) -> None:
        """Set what follows from other fields."""
        self.email = self.email.strip().lower()
        self.search_names = sorted({search_form(self.name), search_form(self.last_name)} - {""})

    def _refuse_system_flag_change(self) -> None:
        stored = self._stored_system_flag()
        if stored is not None and stored != self.is_system:
            raise SystemUserImmutable

    def _stored_system_flag(self) -> bool | None:
        """Return the flag in the database, which an instance made by hand may not know; None for somebody new."""
        if self.pk is None:
            return None
        return type(self).objects.filter(pk=self.pk).values_list("is_system", flat=True).first()
