"""The WSGI application: `granian --interface wsgi config.wsgi:application`."""

import os

from django.core.checks import ERROR, Tags, run_checks
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# Servers import this module without Django's commands, which would have run the checks: an unsafe production
# setting has to stop them too.
_unsafe = [message for message in run_checks(tags=[Tags.security]) if message.is_serious(ERROR)]
if _unsafe:
    raise SystemExit("Florin does not start with unsafe settings:\n" + "\n".join(str(message) for message in _unsafe))
