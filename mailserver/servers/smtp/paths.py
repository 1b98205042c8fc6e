"""The argument of MAIL and RCPT: a path and parameters (RFC 5321 §4.1.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mailserver.errors import InvalidName
from mailserver.mail import srs
from mailserver.mail.addresses import Address

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_BRACKETED = re.compile(rf"<((?:{_QUOTED}|[^<>\"])*)>(?=\s|$)")
# RFC 5321 §4.1.2 wants the angle brackets; people at a keyboard and old devices leave them out.
_BARE = re.compile(rf"((?:{_QUOTED}|[^<>\"\s])+)(?=\s|$)")
# RFC 5321 §4.1.2 A-d-l and appendix C: a source route is taken and ignored.
_ROUTE = re.compile(r"@[^,:\s]+(?:,@[^,:\s]+)*:")
_KEYWORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_VALUE = re.compile(r"[!-<>-~\x80-\U0010ffff]+")


class NoPath(Exception):
    """The argument does not begin with `FROM:` or `TO:` and a path."""


class BadParameter(Exception):
    """A parameter is not `KEYWORD` or `KEYWORD=value`, or comes twice."""


@dataclass(frozen=True, slots=True)
class Path:
    """`text` is what stood between the brackets without a source route, `parameters` by upper-case keyword."""

    text: str
    parameters: Mapping[str, str | None]
    routed: bool = False


def parse(keyword: str, argument: str) -> Path:
    """The argument of MAIL (`keyword` "FROM") or RCPT ("TO"). Raises NoPath, BadParameter."""
    start = f"{keyword}:"
    if argument[: len(start)].upper() != start:
        raise NoPath
    rest = argument[len(start) :].lstrip(" \t")
    found = (_BRACKETED if rest.startswith("<") else _BARE).match(rest)
    if not found:
        raise NoPath
    text = found[1]
    route = _ROUTE.match(text)
    return Path(text[route.end() :] if route else text, _parameters(rest[found.end() :]), bool(route))


def _parameters(text: str) -> dict[str, str | None]:
    parameters: dict[str, str | None] = {}
    for word in text.split():
        keyword, separator, value = word.partition("=")
        name = keyword.upper()
        if not _KEYWORD.fullmatch(keyword) or name in parameters or (separator and not _VALUE.fullmatch(value)):
            raise BadParameter
        parameters[name] = value if separator else None
    return parameters


def looks_like_relaying(text: str) -> bool:
    """Whether a path that is no address is one of the old ways to have mail passed on."""
    return "%" in text or "!" in text or text.count("@") > 1 or ('"' in text and "@" in text)


def names_another_host(local: str) -> bool:
    """Whether a local part holds a route: `victim%outside.example`, `outside.example!victim`, `"victim@outside"`."""
    return any(mark in local for mark in "%!@")


def reverse_path(text: str) -> Address | None:
    """The sender; None for the null sender `<>`. Raises InvalidName."""
    return srs.parse(text) if text else None


def forward_path(text: str, hostname: str) -> Address:
    """The recipient. `postmaster` needs no domain (RFC 5321 §4.5.1) and is ours then. Raises InvalidName."""
    if text.lower() == "postmaster":
        return Address("postmaster", hostname)
    if not text:
        raise InvalidName("The recipient is empty")
    return srs.parse(text)
