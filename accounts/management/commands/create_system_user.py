"""`manage.py create_system_user EMAIL`: make the bank's system user, who funds accounts and is there only once."""

from accounts.management.person_command import PersonCommand
from accounts.models import User
from accounts.services import system_user_create


class Command(PersonCommand):
    help = "Make the system user, or make it of a registered person. The password comes from PASSWORD or is asked for."
    default_last_name = "System"
    position = "the system user"

    def has_it(self, user: User) -> bool:
        return user.is_system

    def give(self, *, email: str, password: str | None, first_name: str, last_name: str) -> User:
        return system_user_create(email=email, password=password, first_name=first_name, last_name=last_name)
