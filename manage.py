#!/usr/bin/env python
"""Django's command line for Correio; `manage.py up` runs the whole system."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
    execute_from_command_line(sys.argv)
