#!/usr/bin/env python
"""Django's command line for Florin; `python manage.py help` lists the commands."""

import os
import sys

from django.core.management import execute_from_command_line

from config.request_ids import request_id_bound

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with request_id_bound():
        execute_from_command_line(sys.argv)
