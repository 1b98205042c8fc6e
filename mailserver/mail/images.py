"""Which raster image some octets are, whatever they are called: only these are ever shown inside a page."""

from __future__ import annotations

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def kind(data: bytes) -> str | None:
    """`image/png`, `image/jpeg`, `image/gif` or `image/webp` by the first octets; None for anything else, SVG too."""
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None
