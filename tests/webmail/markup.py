"""What a page must not become, whatever strangers write into it: judged on the parsed page, not by searching text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

# Attributes whose value a browser follows or runs.
ADDRESSES = frozenset({"action", "background", "cite", "data", "formaction", "href", "ping", "poster", "src", "srcset"})
_AROUND = "".join(map(chr, range(0x21)))
_HARMLESS = re.compile(
    r"(?:https?:|mailto:|/(?![/\\])|\?|#|data:image/(?:png|gif|jpe?g|webp|bmp);base64,)", re.IGNORECASE
)
Shape = frozenset[tuple[str, str]]


def nodes(html: str) -> Iterator[LexborNode]:
    """Every element of a document, the inert content of <template> left out."""
    root = LexborHTMLParser(html).root
    return (
        node for node in (root.traverse(include_text=False) if root else ()) if node.tag and node.tag[0] not in "-!"
    )


def shape(*pages: str) -> Shape:
    """The elements and attributes that occur, as (element, attribute) pairs and (element, "")."""
    found: set[tuple[str, str]] = set()
    for page in pages:
        for node in nodes(page):
            found.add((node.tag or "", ""))
            found.update((node.tag or "", name) for name in node.attributes)
    return frozenset(found)


def dangers(html: str, allowed: Shape | None = None) -> list[str]:
    """What in a page could run, fetch or lead astray; with `allowed` also whatever an honest page does not have."""
    return [problem for node in nodes(html) for problem in _of_node(node, allowed)]


def _of_node(node: LexborNode, allowed: Shape | None) -> Iterable[str]:
    tag = node.tag or ""
    if allowed is not None and (tag, "") not in allowed:
        yield f"<{tag}>"
    if tag in ("script", "link") and not _is_ours(node):
        yield f"<{tag}>{node.attributes} {node.text()[:60]}"
    for name, value in node.attributes.items():
        if name.startswith("on") or name == "srcdoc":
            yield f"<{tag} {name}>"
        elif tag != "link" and name.rpartition(":")[2] in ADDRESSES and not _HARMLESS.match(_spelled(value or "#")):
            yield f'<{tag} {name}="{(value or "")[:60]}">'
        elif allowed is not None and (tag, name) not in allowed:
            yield f"<{tag} {name}>"


def _is_ours(node: LexborNode) -> bool:
    given = node.attributes
    source = given.get("src") or given.get("href") or ""
    if node.tag == "link" and given.get("rel") == "icon":
        return source.startswith(("/static/", "data:image/svg+xml,"))
    return source.startswith("/static/") if source else given.get("type") == "importmap"


def _spelled(value: str) -> str:
    return re.sub(r"[\t\r\n]", "", value.strip(_AROUND))
