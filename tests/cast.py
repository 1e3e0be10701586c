"""The people of the tests: always the same few, so that every test reads alike."""

from accounts.models import User
from accounts.services import admin_create, system_user_create, user_register

PASSWORD = "seven quiet herons"


def person(email: str, first_name: str, last_name: str) -> User:
    """Register a customer with the password that everybody in the tests has."""
    return user_register(email=email, first_name=first_name, last_name=last_name, password=PASSWORD)


def make_owner() -> User:
    """Make the customer whose money it is."""
    return person("olivia@example.com", "Olivia", "Owner")


def make_second() -> User:
    """Make the customer who is paid."""
    return person("samir@example.com", "Samir", "Second")


def make_stranger() -> User:
    """Make the customer who must not see any of it."""
    return person("stella@example.com", "Stella", "Stranger")


def make_admin() -> User:
    """Make the member of staff."""
    return admin_create(email="ada@example.com", password=PASSWORD, first_name="Ada", last_name="Admin")


def make_system_user() -> User:
    """Make the user that funds accounts."""
    return system_user_create(email="system@example.com", password=PASSWORD, first_name="Sys", last_name="Tem")
