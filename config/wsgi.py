"""The WSGI application: `granian --interface wsgi config.wsgi:application`."""

import os
import threading

import django
from django.conf import settings
from django.core.checks import ERROR, Tags, run_checks
from django.core.wsgi import get_wsgi_application

from config.lifeline import die_with_parent
from config.logs import log_what_nobody_catches
from config.requests import plain_requests

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

if os.environ.get("FLORIN_SUPERVISED") == "1":
    die_with_parent()

# Servers import this module without Django's commands, which would have run the checks: an unsafe production
# setting has to stop them too, before anything else trips over it.
django.setup(set_prefix=False)
_unsafe = [message for message in run_checks(tags=[Tags.security]) if message.is_serious(ERROR)]
if _unsafe:
    raise SystemExit("Florin does not start with unsafe settings:\n" + "\n".join(str(message) for message in _unsafe))

log_what_nobody_catches()
application = plain_requests(get_wsgi_application())

from banking.services.run_drive import take_up_abandoned_later  # noqa: E402 - the apps have to be loaded before
from ledger.privileges import excess_warn  # noqa: E402

take_up_abandoned_later()
if settings.IS_PRODUCTION:
    # Beside the start: a database that does not answer must not hold it up.
    threading.Thread(target=excess_warn, name="florin-credentials", daemon=True).start()
