"""What imap-codec reads, as our values; for the commands of RFC 3501 that both know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from imap_codec import CommandCodec, DecodeError

from mailserver.mail import mutf7
from mailserver.mail import searchkeys as keys
from mailserver.mail.numbersets import STAR, Runs, merged
from mailserver.mail.searchkeys import Key, Numbers, Uids
from mailserver.servers.imap.grammar.attributes import (
    Attribute,
    Binary,
    BinarySize,
    BodySection,
    FetchItem,
    Section,
)
from mailserver.servers.imap.grammar.commands import Command
from mailserver.servers.imap.grammar.mailboxcommands import Append, NewMessage, Rename, Select, Status
from mailserver.servers.imap.grammar.messagecommands import Copy, Fetch, Move, Search, Store
from mailserver.servers.imap.grammar.pieces import Literal
from mailserver.servers.imap.grammar.sessioncommands import Login


def read(written: bytes) -> Command | None:
    """The command without its tag, None when imap-codec refuses it. Literals must be of the form `{n+}`."""
    try:
        rest, command = CommandCodec.decode(b"a " + written + b"\r\n")
    except DecodeError:
        return None
    ((name, body),) = command.as_dict()["body"].items()
    return None if rest else _COMMANDS[name](body)


def _runs(found: list[dict[str, Any]]) -> Runs:
    return merged(tuple(map(_end, item["Range"])) if "Range" in item else (_end(item["Single"]),) * 2 for item in found)


def _end(value: Any) -> int:
    return STAR if value == "Asterisk" else value["Value"]


def _messages(body: dict[str, Any]) -> Numbers | Uids:
    runs = _runs(body["sequence_set"])
    return Uids(runs) if body["uid"] else Numbers(runs)


def _octets(value: dict[str, Any]) -> bytes:
    if "Atom" in value:
        return value["Atom"].encode()
    string = value["String"]
    return bytes(string["Literal"]["data"]) if "Literal" in string else string["Quoted"].encode()


def _text(value: dict[str, Any]) -> str:
    return _octets(value).decode()


def _mailbox(value: Any) -> str:
    if value == "Inbox":
        return "INBOX"
    name = mutf7.decode(_octets(value["Other"]))
    assert name is not None
    return name


def _flag(value: Any) -> str:
    return value["Keyword"] if isinstance(value, dict) else f"\\{value}"


def _key(value: Any) -> Key:
    if isinstance(value, str):
        return _BARE[value.upper()]
    ((name, body),) = value.items()
    return _KEYS[name](body)


def _all_of(values: list[Any]) -> Key:
    found = tuple(_key(value) for value in values)
    return found[0] if len(found) == 1 else keys.And(found)


_FLAGS = ("Answered", "Deleted", "Draft", "Flagged", "Seen")
_BARE: Mapping[str, Key] = {
    "ALL": keys.All(),
    "RECENT": keys.Recent(),
    "OLD": keys.Recent(on=False),
    "NEW": keys.And((keys.Recent(), keys.HasFlag("\\Seen", on=False))),
    **{flag.upper(): keys.HasFlag(f"\\{flag}") for flag in _FLAGS},
    **{f"UN{flag.upper()}": keys.HasFlag(f"\\{flag}", on=False) for flag in _FLAGS},
}
_KEYS: Mapping[str, Callable[[Any], Key]] = {
    "And": _all_of,
    "Or": lambda body: keys.Or(_key(body[0]), _key(body[1])),
    "Not": lambda body: keys.Not(_key(body)),
    "SequenceSet": lambda body: Numbers(_runs(body)),
    "Uid": lambda body: Uids(_runs(body)),
    "Keyword": keys.HasFlag,
    "Unkeyword": lambda body: keys.HasFlag(body, on=False),
    "From": lambda body: keys.HeaderHas("from", _text(body)),
    "Subject": lambda body: keys.HeaderHas("subject", _text(body)),
    "Header": lambda body: keys.HeaderHas(_text(body[0]).lower(), _text(body[1])),
    "Body": lambda body: keys.BodyHas(_text(body)),
    "Text": lambda body: keys.TextHas(_text(body)),
    "Larger": lambda body: keys.Size(body, above=True),
    "Smaller": lambda body: keys.Size(body, above=False),
    "Before": lambda body: keys.Dated("internal", "before", date.fromisoformat(body)),
    "SentSince": lambda body: keys.Dated("sent", "since", date.fromisoformat(body)),
}

_PLAIN = {
    "Uid": "UID",
    "Flags": "FLAGS",
    "InternalDate": "INTERNALDATE",
    "Rfc822Size": "RFC822.SIZE",
    "Envelope": "ENVELOPE",
    "Body": "BODY",
    "BodyStructure": "BODYSTRUCTURE",
}
_MACROS = {
    "Fast": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "All": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "Full": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}
_SECTIONS = {
    "Header": "HEADER",
    "HeaderFields": "HEADER.FIELDS",
    "HeaderFieldsNot": "HEADER.FIELDS.NOT",
    "Text": "TEXT",
    "Mime": "MIME",
}


def _item(value: Any) -> FetchItem:
    """Labels are left out."""
    if isinstance(value, str):
        return Attribute(_PLAIN[value])
    ((name, body),) = value.items()
    if name == "BinarySize":
        return BinarySize(tuple(body["section"]), "")
    if name == "Binary":
        return Binary(tuple(body["section"]), "", body["peek"], body["partial"])
    return BodySection(_section(body["section"]), "", body["peek"], body["partial"])


def _section(value: Any) -> Section:
    if value is None:
        return Section()
    ((name, body),) = value.items()
    if name == "Part":
        return Section(tuple(body))
    part, fields = body if name.startswith("HeaderFields") else (body, [])
    return Section(tuple(part or ()), _SECTIONS[name], tuple(_text(field) for field in fields))


def _fetch(body: dict[str, Any]) -> Fetch:
    what = body["macro_or_item_names"]
    if "Macro" in what:
        items = tuple(Attribute(name) for name in _MACROS[what["Macro"]])
    else:
        items = tuple(dict.fromkeys(_item(value) for value in what["MessageDataItemNames"]))
    return Fetch(_messages(body), items, body["uid"])


def _store(body: dict[str, Any]) -> Store:
    modes = {"Add": "add", "Remove": "remove", "Replace": "replace"}
    flags = tuple(dict.fromkeys(_flag(flag) for flag in body["flags"]))
    return Store(_messages(body), modes[body["kind"]], flags, body["response"] == "Silent", body["uid"])


def _append(body: dict[str, Any]) -> Append:
    at = datetime.fromisoformat(body["date"]) if body["date"] else None
    data = Literal(bytes(body["message"]["Literal"]["data"]))
    flags = tuple(dict.fromkeys(_flag(flag) for flag in body["flags"]))
    return Append(_mailbox(body["mailbox"]), (NewMessage(data, flags, at),))


_COMMANDS: Mapping[str, Callable[[dict[str, Any]], Command]] = {
    "Login": lambda body: Login(_text(body["username"]), _text(body["password"])),
    "Select": lambda body: Select(_mailbox(body["mailbox"])),
    "Rename": lambda body: Rename(_mailbox(body["from"]), _mailbox(body["to"])),
    "Status": lambda body: Status(_mailbox(body["mailbox"]), tuple(dict.fromkeys(map(str.upper, body["item_names"])))),
    "Append": _append,
    "Fetch": _fetch,
    "Search": lambda body: Search(_all_of(body["criteria"]), body["uid"]),
    "Store": _store,
    "Copy": lambda body: Copy(_messages(body), _mailbox(body["mailbox"]), body["uid"]),
    "Move": lambda body: Move(_messages(body), _mailbox(body["mailbox"]), body["uid"]),
}
