"""What somebody writes in the page: the rich text allowed in it, and reading such a message back from a draft."""

from __future__ import annotations

from dataclasses import dataclass

import nh3

from mailserver.mail.structure import Part

# What the writer's tools make, and what a quoted message may bring along. No style: the reader's program decides.
TAGS = frozenset(
    [
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "caption",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "div",
        "dl",
        "dt",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "li",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
    ]
)
ATTRIBUTES = {
    "*": {"dir", "lang"},
    "a": {"href", "title"},
    "blockquote": {"type"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
SCHEMES = frozenset({"http", "https", "mailto", "tel", "cid"})


@dataclass(frozen=True, slots=True)
class Written:
    """The parts of a message a writer works with: plain text, rich text, and everything else."""

    text: Part | None
    html: Part | None
    attachments: tuple[Part, ...]


def clean(html: str) -> str:
    """Rich text from the page with only what `TAGS` and `ATTRIBUTES` allow; "" when no text is left in it."""
    found: str = nh3.clean(
        html, tags=set(TAGS), attributes=ATTRIBUTES, url_schemes=set(SCHEMES), link_rel=None, strip_comments=True
    )
    bare = nh3.clean(found, tags={"img"}, attributes={"img": {"src"}}).replace("\N{NO-BREAK SPACE}", " ")
    return found if bare.replace("&nbsp;", " ").strip() else ""


def parts(root: Part) -> Written:
    """The first plain and the first HTML body outside enclosed messages; other leaves are attachments."""
    text = html = None
    others = []
    for leaf in _leaves(root):
        attached = leaf.disposition == "attachment"
        if leaf.type == "text/plain" and text is None and not attached and not leaf.name:
            text = leaf
        elif leaf.type == "text/html" and html is None and not attached and not leaf.name:
            html = leaf
        else:
            others.append(leaf)
    return Written(text, html, tuple(others))


def _leaves(part: Part) -> list[Part]:
    if part.is_multipart and part.children:
        return [leaf for child in part.children for leaf in _leaves(child)]
    return [part]
