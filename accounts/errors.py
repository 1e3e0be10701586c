"""One exception for each broken rule about people, each with one sentence that may be shown to them."""


class AccountsError(Exception):
    """A rule about people was broken; `message` says which, in words for the person who broke it."""

    message = "This cannot be done."

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.message
        super().__init__(self.message)


class InvalidFields(AccountsError):
    """What was filled in cannot be accepted; `errors` has the sentences of every field that is wrong."""

    message = "Some fields are not valid."

    def __init__(self, errors: dict[str, list[str]]) -> None:
        self.errors = errors
        super().__init__()


class EmailTaken(AccountsError):
    message = "This e-mail address is already registered."


class DocumentTaken(AccountsError):
    message = "This document is already registered."


class InvalidCredentials(AccountsError):
    message = "The e-mail address or the password is wrong."


class InvalidToken(AccountsError):
    message = "This sign-in is no longer valid. Please sign in again."


class UserNotFound(AccountsError):
    message = "There is no such person."


class SessionNotFound(AccountsError):
    """There is no such session, or it is somebody else's: both look the same."""

    message = "This browser is signed out already."


class SystemUserExists(AccountsError):
    message = "The bank already has a system user, and it can have only one."


class SystemUserImmutable(AccountsError):
    message = "Who the system user is cannot be changed or deleted."
