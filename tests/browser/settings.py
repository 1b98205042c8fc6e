"""The settings of the tests, with the static files as production serves them: bundled, hashed, compressed."""

from tests.settings import *  # noqa: F403
from tests.settings import CORREIO
from webmail.settings import STORAGES  # noqa: F401

# Beside the servers of the tests: all workers of a parallel run share what one of them collected.
STATIC_ROOT = CORREIO.data_dir / "static"
WHITENOISE_AUTOREFRESH = False
WHITENOISE_USE_FINDERS = False
