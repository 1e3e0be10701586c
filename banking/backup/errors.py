"""Why a backup is not made or not restored, one sentence each for the person at the keyboard."""


class BackupRefused(Exception):
    """The backup is not made: the place is taken, or the database changed its collections meanwhile."""


class BackupDamaged(Exception):
    """The folder is no backup, or not as it was written: a file is missing, cut off or changed."""


class RestoreRefused(Exception):
    """The backup is sound and still not restored: the database has something in it, or refuses the documents."""
