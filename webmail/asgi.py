"""What uvicorn serves."""

import os
from importlib import import_module

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")

django_application = get_asgi_application()

from django.conf import settings  # noqa: E402  # they can be read only now

from mailserver import heap  # noqa: E402
from webmail.body_limit import BodyLimit  # noqa: E402

# A message as large as allowed, and its fields and boundaries.
application = BodyLimit(django_application, settings.CORREIO.size_limit + 2 * 1024 * 1024)

# The pages, which Django would load with the first request.
import_module(settings.ROOT_URLCONF)
heap.settle()
