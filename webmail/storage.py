"""How static files are served: hashed names, compressed, and one style sheet instead of one per component."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

STYLE_SHEET = "css/correio.css"
_IMPORT = re.compile(r'^@import url\("(?P<file>[\w.-]+)"\) layer\((?P<layer>\w+)\);$', re.MULTILINE)


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Puts the imports of the style sheet in place: a browser would fetch them one after the other."""

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        if STYLE_SHEET in paths and not dry_run:
            memory = InMemoryStorage()
            memory.save(STYLE_SHEET, ContentFile(_with_imports(paths)))
            paths = {**paths, STYLE_SHEET: (memory, STYLE_SHEET)}
        yield from super().post_process(paths, dry_run, **options)


def _with_imports(paths: dict[str, Any]) -> bytes:
    def imported(found: re.Match[str]) -> str:
        css = _text(paths, "css/" + found["file"])
        return f"@layer {found['layer']} {{\n{css}}}"

    return _IMPORT.sub(imported, _text(paths, STYLE_SHEET)).encode()


def _text(paths: dict[str, Any], name: str) -> str:
    storage, path = paths[name]
    with storage.open(path) as file:
        return str(file.read().decode())
