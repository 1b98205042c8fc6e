"""Scripts, icons and faces."""

from __future__ import annotations

import functools
import json
from hashlib import sha256
from pathlib import Path

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_SCRIPTS = Path(settings.BASE_DIR) / "static" / "js"


@register.simple_tag(takes_context=True)
def import_map(context: template.Context) -> SafeString:
    """The map from names such as `behaviours/rows` to the hashed files under static/js."""
    request: HttpRequest = context["request"]
    nonce = getattr(request, "csp_nonce", "")
    return format_html('<script type="importmap" nonce="{}">{}</script>', nonce, mark_safe(_modules()))  # noqa: S308


def _modules() -> str:
    names = _module_names()
    return json.dumps({"imports": {name: static(f"js/{name}.js") for name in names}}, separators=(",", ":"))


@functools.lru_cache(maxsize=1)
def _module_names() -> tuple[str, ...]:
    found = (path.relative_to(_SCRIPTS).with_suffix("").as_posix() for path in _SCRIPTS.rglob("*.js"))
    return tuple(sorted(name for name in found if not name.startswith("vendor/")))


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """An icon of the sprite; decoration, so the control around it needs a label."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#i-{}"/></svg>', classes, static("img/icons.svg"), name
    )


@register.simple_tag
def face(name: str, address: str, classes: str = "") -> SafeString:
    """Initials on a tint that belongs to the address."""
    return format_html(
        '<span class="face hue-{} {}" aria-hidden="true">{}</span>', hue(address), classes, initials(name or address)
    )


@register.filter
def hue(address: str) -> int:
    """One of the 24 hues of hues.css, the same for an address everywhere."""
    return sha256(address.casefold().encode()).digest()[0] % 24 * 15


def initials(name: str) -> str:
    """Two letters for two names in a script with capitals, else one: 'Breizh Weekly' → 'BW', 'さくら' → 'さ'."""
    words = [word for word in name.replace("@", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    first, last = words[0][0], words[-1][0]
    if "@" not in name and len(words) > 1 and first.isupper() and last.isupper():
        return first + last
    return first.upper()
