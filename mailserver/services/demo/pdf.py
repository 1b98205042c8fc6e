"""One-page PDF documents (ISO 32000-1) in Helvetica, as small as they can be."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

_HEIGHT, _LEFT, _LEADING, _COLUMNS = 842, 64, 16, 78
_LINES = 42


def document(title: str, lines: Sequence[str]) -> bytes:
    """An A4 page: the title, then the lines, wrapped; what the page cannot hold is left out.

    The built-in font has the characters of cp1252; a line with others is left out, the title is kept whole in the
    document's properties.
    """
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R"
        b" /Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        _stream(_page(title, lines)),
        b"<< /Title <FEFF" + title.encode("utf-16-be").hex().upper().encode() + b"> /Producer (Correio) >>",
    ]
    return _file(objects)


def _page(title: str, lines: Sequence[str]) -> bytes:
    wrapped = [piece for line in lines if _printable(line) for piece in (wrap(line, _COLUMNS) or [""])]
    text = [b"BT /F1 20 Tf %d %d Td %s Tj" % (_LEFT, _HEIGHT - 90, _string(title)), b"/F1 11 Tf 0 -36 Td"]
    text += [b"%s Tj 0 -%d Td" % (_string(line), _LEADING) for line in wrapped[:_LINES]]
    return b"\n".join([*text, b"ET"])


def _printable(line: str) -> bool:
    return line == line.encode("cp1252", "ignore").decode("cp1252")


def _string(text: str) -> bytes:
    octets = text.encode("cp1252", "replace")
    for mark in (b"\\", b"(", b")"):
        octets = octets.replace(mark, b"\\" + mark)
    return b"(" + octets + b")"


def _stream(content: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)


def _file(objects: Sequence[bytes]) -> bytes:
    """The objects numbered from 1, the cross-reference table with their offsets, the trailer."""
    out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    trailer = b"trailer << /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, size - 1, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer
