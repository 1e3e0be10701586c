"""Settings of the tests: the project's own in the environment of the tests, with a cheap password hasher."""

import copy
import os

from tests.environment import prepare

prepare()

from config import settings as project  # noqa: E402 - the settings read the environment that is prepared above

globals().update({name: value for name, value in vars(project).items() if name.isupper()})

# The real one takes a third of a second for every user made and every sign-in; `real_hasher` brings it back.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Fail points are the server's; by this name a test's fail point meets that test's own worker alone.
DATABASES = copy.deepcopy(project.DATABASES)
DATABASES["default"]["OPTIONS"]["appname"] = f"florin-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
