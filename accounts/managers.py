"""How people are stored: the rules that hold for every write, whichever way it comes."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import BaseUserManager
from django.db import models

from accounts.errors import SystemUserImmutable
from accounts.signals import role_changed

if TYPE_CHECKING:
    from accounts.models import User

# Fields from which `save` derives others; a bulk update would leave those behind.
_DERIVED_FROM = frozenset({"first_name", "last_name"})


class UserQuerySet(models.QuerySet["User"]):
    """A query over people that cannot be used to touch what never changes."""

    def update(self, **changes: Any) -> int:
        """Change all selected people at once.

        Raises:
            SystemUserImmutable: the change names the flag of the system user.
            ValueError: the change names a field from which others are derived.
        """
        if "is_system" in changes:
            raise SystemUserImmutable
        if _DERIVED_FROM & changes.keys():
            raise ValueError("Names are changed with save(), which keeps the words they are found by in step.")
        return super().update(**changes)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete all selected people.

        Raises:
            SystemUserImmutable: the system user is one of them; nobody is deleted then.
        """
        if self.filter(is_system=True).exists():
            raise SystemUserImmutable
        return super().delete()

    def bulk_create(self, objs: Iterable["User"], *args: Any, **kwargs: Any) -> list["User"]:
        """Store new people, with the derived fields that `save` would have set."""
        people = list(objs)
        for user in people:
            user.derive_fields()
        return super().bulk_create(people, *args, **kwargs)

    def system_flag_set(self) -> int:
        """Make the one selected person the system user; only `accounts.services` has a reason to.

        Raises:
            IntegrityError: there is a system user already.
        """
        return super().update(is_system=True)


class UserManager(BaseUserManager["User"]):
    """The manager Django's own commands and sign-in use."""

    def get_queryset(self) -> UserQuerySet:
        """Return all people."""
        return UserQuerySet(self.model, using=self._db)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the person with this e-mail address, in whatever case it is written."""
        return self.get(email=(username or "").strip())

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Store a new person without checking the fields; `accounts.services.user_register` checks them.

        Args:
            email: any case.
            password: as typed; None for somebody who cannot sign in.
            fields: other fields of the model.
        """
        user = self.model(email=email.strip(), **fields)
        user.set_password(password)
        user.save(using=self._db, force_insert=True)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Store a new administrator, for Django's `createsuperuser`."""
        user = self.create_user(email, password, role="ADMIN", **fields)
        role_changed.send(type(user), user=user, old_role=None, new_role=user.role, is_system=user.is_system)
        return user
