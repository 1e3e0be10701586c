"""`manage.py create_admin EMAIL`: make an administrator, or make one of somebody who is registered."""

from accounts.management.person_command import PersonCommand
from accounts.models import User
from accounts.services import admin_create


class Command(PersonCommand):
    help = (
        "Make an administrator, or make one of a registered person. The password comes from PASSWORD or is asked for."
    )
    default_last_name = "Administrator"
    position = "an administrator"

    def has_it(self, user: User) -> bool:
        return user.is_admin

    def give(self, *, email: str, password: str | None, first_name: str, last_name: str) -> User:
        return admin_create(email=email, password=password, first_name=first_name, last_name=last_name)
