from __future__ import annotations

from django.conf import settings


def test_it_is_not_in_debug_by_default():
    assert settings.DEBUG is False
    assert settings.CORREIO.debug is False
