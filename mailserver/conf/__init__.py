"""What the environment says: every `CORREIO_*` variable, read once into one frozen value.

`docs/settings.md` describes each; `tests/architecture/test_docs.py` keeps the two equal.
Django's settings hold the result as `settings.CORREIO`; the layers below `services` never read it
but get what they need as arguments.

A new setting is a field of `config.Config`, its reading in `environment.py`, and its line in `docs/settings.md`.
"""

from mailserver.conf.config import DEFAULT_PORTS, DEFAULT_RETRY_SCHEDULE, PROGRAM_PORTS, Alarm, Config, Limit, Route
from mailserver.conf.environment import load
from mailserver.conf.values import greylist

__all__ = [
    "DEFAULT_PORTS",
    "DEFAULT_RETRY_SCHEDULE",
    "PROGRAM_PORTS",
    "Alarm",
    "Config",
    "Limit",
    "Route",
    "greylist",
    "load",
]
