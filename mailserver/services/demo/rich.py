"""The HTML that mail programs make of plain paragraphs."""

from __future__ import annotations

from html import escape


def to_html(text: str, *, signature: str = "", quoted: str = "", images: tuple[str, ...] = ()) -> str:
    """Paragraphs, lists of `- ` lines, images by Content-ID, the signature, then the quote with its attribution."""
    parts = [_block(block) for block in text.strip().split("\n\n") if block.strip()]
    parts += [f'<p><img src="cid:{image}" alt="" width="480"></p>' for image in images]
    if signature:
        parts.append(f'<div style="color:#6b6b6b">-- <br>{_lines(signature)}</div>')
    if quoted:
        attribution, _, original = quoted.partition("\n")
        own = "\n".join(line.removeprefix(">").removeprefix(" ") for line in original.splitlines())
        parts.append(f'<div>{escape(attribution)}</div><blockquote type="cite">{to_html(own)}</blockquote>')
    return "\n".join(parts)


def _block(block: str) -> str:
    lines = block.split("\n")
    if not lines[0].startswith("- "):
        return f"<p>{_lines(block)}</p>"
    items = "\n".join(lines).removeprefix("- ").split("\n- ")
    return "<ul>" + "".join(f"<li>{' '.join(escape(item).split())}</li>" for item in items) + "</ul>"


def _lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.split("\n"))
