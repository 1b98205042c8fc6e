"""The quote at the end of an HTML message, folded: the conversation shows that message itself."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser, LexborNode

_MARK = "<details><summary>\u2022\u2022\u2022</summary></details>"
_LONGEST_INTRODUCTION = 300
_LEAST_TEXT = 20  # letters of its own a message must have, or the quote is the message


def folded(html: str) -> str:
    """Clean HTML with a last quote, and the line that introduces it, put into <details>."""
    if "<blockquote" not in html:
        return html
    parser = LexborHTMLParser(html)
    quote = parser.body
    while quote is not None and quote.tag != "blockquote":
        quote = _last_child(quote)
    if quote is None or parser.body is None or _own_text(parser.body, quote) < _LEAST_TEXT:
        return html
    introduction = _introduction(quote)
    inside = (introduction.html or "" if introduction else "") + (quote.html or "")
    marker = LexborHTMLParser(_MARK).css_first("details")
    if marker is None:
        return html
    (introduction or quote).insert_before(marker)
    if introduction:
        introduction.decompose()
    quote.decompose()
    return str(parser.body.inner_html).replace("</summary></details>", f"</summary>{inside}</details>", 1)


def _last_child(node: LexborNode) -> LexborNode | None:
    """The last element inside, None when text comes after it."""
    child = node.last_child
    while child is not None and _is_blank(child):
        child = child.prev
    return child if child is not None and child.tag != "-text" else None


def _introduction(quote: LexborNode) -> LexborNode | None:
    """'On Sunday, Alice wrote:' right before the quote."""
    before = quote.prev
    while before is not None and _is_blank(before):
        before = before.prev
    if before is None or before.tag not in ("p", "div", "span"):
        return None
    words = before.text().strip()
    return before if words.endswith(":") and len(words) <= _LONGEST_INTRODUCTION else None


def _is_blank(node: LexborNode) -> bool:
    return node.tag in ("br", "-comment") or (node.tag == "-text" and not node.text().strip())


def _own_text(body: LexborNode, quote: LexborNode) -> int:
    return len(body.text(strip=True)) - len(quote.text(strip=True))
