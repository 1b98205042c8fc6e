"""What the queue's page is narrowed to: in its address, and as words typed into the search field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from django.http import Http404
from django.utils.http import urlencode

from mailserver.services.queue_list import GROUPS, Filter

# A word of the search field, and the part of a Filter it sets.
WORDS = {"from:": "sender", "at:": "domain", "account:": "account"}
SAID = {"sender": "from", "domain": "at", "account": "account", "text": "with"}
PARTS = ("domain", "account", "sender")


def read(given: Mapping[str, str]) -> Filter:
    """`show` a group, `q` words, `domain`, `account`, `sender` whole. Raises Http404 for another group."""
    group = given.get("show", "waiting")
    if group not in GROUPS:
        raise Http404
    parts = {name: given.get(name, "")[:320] for name in PARTS}
    text = []
    for word in given.get("q", "")[:320].split():
        name = next((name for start, name in WORDS.items() if word.lower().startswith(start)), "")
        if name:
            parts[name] = word.partition(":")[2]
        else:
            text.append(word)
    return Filter(group, " ".join(text), **parts)


def address(wanted: Filter, **more: str) -> str:
    """The part of an address that `read` reads the same again."""
    parts = {"show": wanted.group, "q": wanted.text, **{name: getattr(wanted, name) for name in PARTS}, **more}
    return urlencode({name: value for name, value in parts.items() if value})


def fields(wanted: Filter) -> list[tuple[str, str]]:
    """The same as hidden fields of a form."""
    parts = {"show": wanted.group, "q": wanted.text, **{name: getattr(wanted, name) for name in PARTS}}
    return [(name, value) for name, value in parts.items() if value]


def chips(wanted: Filter) -> list[tuple[str, str, str]]:
    """(word, value, address without it) of each part that narrows."""
    return [
        (word, getattr(wanted, name), address(replace(wanted, **{name: ""})))
        for name, word in SAID.items()
        if getattr(wanted, name)
    ]
