"""`manage.py create_database_roles`: make the database's roles and users for the application and for the owner."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.roles import APP_ROLE, OWNER_ROLE, RolesRefused, roles_apply
from config.uris import ADMIN_URI, user_of


class Command(BaseCommand):
    help = (
        "Make the roles florin_app and florin_owner, and the users of MONGODB_URI and MONGODB_OWNER_URI, "
        "with the credentials of MONGODB_ADMIN_URI; may be repeated."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        database = settings.DATABASES["default"]["NAME"]
        app_uri, owner_uri = settings.DATABASES["default"]["HOST"], settings.MONGODB_OWNER_URI
        try:
            roles_apply(
                database=database, admin_uri=os.environ.get(ADMIN_URI, ""), app_uri=app_uri, owner_uri=owner_uri
            )
        except RolesRefused as error:
            raise CommandError(str(error)) from error
        for role, uri in ((APP_ROLE, app_uri), (OWNER_ROLE, owner_uri)):
            user = user_of(uri)
            self.stdout.write(f"{user.name if user else ''} has the role {role} in the database {database}.")
