"""SPF (RFC 7208) by pyspf, which works synchronously: in a thread, its questions answered by our own resolver."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Executor
from typing import Any, Literal, TypeVar

import spf

from mailserver.mail.senderauth.results import Spf, SpfWord
from mailserver.net.resolver import DnsNoAnswer, DnsNoDomain, DnsTemporary, Evidence, NotAtHand

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

# RFC 7208 §4.6.4: lookups that find nothing. The ten lookups of mechanisms are counted by pyspf itself.
MAX_VOID_LOOKUPS = 2
# Records should fit into 512 octets (RFC 7208 §3.4). With 64 KB of macros pyspf is busy for minutes.
MAX_OCTETS = 4096

_WORDS: dict[str, SpfWord] = {
    "none": "none",
    "neutral": "neutral",
    "pass": "pass",
    "fail": "fail",
    "softfail": "softfail",
    "temperror": "temperror",
    "permerror": "permerror",
}
# RFC 7208 §4.3: what is no domain name of several labels has no record.
_DOMAIN = re.compile(r"[^\s.@\[\]]{1,63}(?:\.[^\s.@\[\]]{1,63})+\.?")

# MX records as (preference, name), TXT records as the strings of each, all others as text.
Record = str | tuple[bytes, ...] | tuple[int, str]


async def check(
    *, peer: str, helo: str, sender: str, resolver: Evidence, executor: Executor, seconds: float, receiver: str = ""
) -> Spf:
    """Whether the host at address `peer` may send for the domain of `sender`, or when that is "" for `helo`.

    Takes a thread of `executor` for at most about `seconds`. Never raises for what the DNS says.
    """
    domain, kind = identity(helo, sender)
    if not _DOMAIN.fullmatch(domain):
        return Spf("none", domain, kind)
    loop = asyncio.get_running_loop()
    question = _Questions(resolver, loop, time.monotonic() + seconds)
    word = await loop.run_in_executor(executor, _judge, peer, helo, sender, receiver, question)
    return Spf(word, domain, kind)


def at_hand(*, peer: str, helo: str, sender: str, resolver: Evidence, receiver: str = "") -> tuple[Spf, bool]:
    """The same without a thread, of a resolver whose answers are at hand, and whether it holds for all senders of the
    domain: no record has macros (RFC 7208 §7). Raises NotAtHand.
    """
    domain, kind = identity(helo, sender)
    if not _DOMAIN.fullmatch(domain):
        return Spf("none", domain, kind), True
    texts: list[bytes] = []

    def ask(name: str, asked: str) -> Sequence[Record]:
        found = _records(resolver, name, asked)
        texts.extend(part for record in found if asked == "TXT" for part in record if isinstance(part, bytes))
        return found

    word = _judge(peer, helo, sender, receiver, ask)
    return Spf(word, domain, kind), not any(b"%" in part for part in texts)


def _records(resolver: Evidence, name: str, kind: str) -> Sequence[Record]:
    try:
        return at_once(_answer(resolver, name, kind))
    except (DnsNoDomain, DnsNoAnswer):
        return []


def at_once(answer: Coroutine[Any, Any, Answer]) -> Answer:
    """The result of a coroutine that has nothing to wait for. Raises NotAtHand when it waits after all."""
    try:
        answer.send(None)
    except StopIteration as end:
        result: Answer = end.value
        return result
    answer.close()
    raise NotAtHand("it would have to wait")


def identity(helo: str, sender: str) -> tuple[str, Literal["mailfrom", "helo"]]:
    """The domain that SPF is about (RFC 7208 §2.4): that of the sender, of a bounce the name in the greeting."""
    return (sender.rpartition("@")[2].lower(), "mailfrom") if sender else (helo.lower(), "helo")


def _judge(peer: str, helo: str, sender: str, receiver: str, ask: Callable[[str, str], Sequence[Record]]) -> SpfWord:
    try:
        found, _, _ = _Query(ask, i=peer, s=sender, h=helo, receiver=receiver or None).check()
    except spf.TempError:
        return "temperror"
    except spf.PermError:
        return "permerror"
    except NotAtHand:
        raise
    except Exception as error:
        # pyspf meets records that strangers wrote; whatever trips it must cost nobody a message.
        logger.warning("SPF of <%s> from %s stumbled: %s", sender[:200], peer, type(error).__name__)
        return "temperror"
    return _WORDS.get(found, "permerror")


class _Questions:
    """The resolver for a thread that is not the event loop's, until a moment of `time.monotonic`."""

    def __init__(self, resolver: Evidence, loop: asyncio.AbstractEventLoop, until: float) -> None:
        self._resolver = resolver
        self._loop = loop
        self._until = until

    def __call__(self, name: str, kind: str) -> Sequence[Record]:
        left = self._until - time.monotonic()
        if left <= 0:
            raise spf.TempError("no time is left")
        asked = asyncio.run_coroutine_threadsafe(_answer(self._resolver, name, kind), self._loop)
        try:
            return asked.result(left)
        except (DnsNoDomain, DnsNoAnswer):
            return []
        except DnsTemporary as trouble:
            raise spf.TempError(str(trouble)) from trouble
        except TimeoutError as late:
            asked.cancel()
            raise spf.TempError("no answer in time") from late


async def _answer(resolver: Evidence, name: str, kind: str) -> Sequence[Record]:
    if kind == "TXT":
        return _texts(await resolver.txt(name))
    if kind == "MX":
        return await resolver.mx(name)
    if kind == "PTR":
        return await resolver.names(_address(name))
    return await resolver.hosts(name, 6 if kind == "AAAA" else 4)


def _texts(records: Sequence[bytes]) -> list[Record]:
    """TXT records as pyspf wants them, those it should not look at left out. Raises PermError for such a policy."""
    if any(len(octets) > MAX_OCTETS and octets[:6].lower() == b"v=spf1" for octets in records):
        raise spf.PermError("the record is too long")
    return [(octets,) for octets in records if len(octets) <= MAX_OCTETS]


class _Query(spf.query):  # type: ignore[misc]
    """pyspf with another way to ask; its own goes through a function of the module, one for all threads."""

    def __init__(self, ask: Callable[[str, str], Sequence[Record]], **values: str | None) -> None:
        super().__init__(**values)
        self._ask = ask

    def dns(self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[Record]:
        """The records, aliases followed. `cnames` is for pyspf's own recursion only."""
        name = str(name).removesuffix(".").lower()
        if not all(0 < len(label) < 64 for label in name.split(".")):
            return []
        found: list[Record] = self.cache.get((name, qtype), [])
        if not found:
            found = self.cache[name, qtype] = list(self._ask(name, qtype))
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > MAX_VOID_LOOKUPS:
                raise spf.PermError(f"more than {MAX_VOID_LOOKUPS} lookups found nothing")
        return list(found)


def _address(reverse: str) -> str:
    """The IP address of a name below in-addr.arpa or ip6.arpa."""
    labels = reverse.split(".")[-3::-1]
    if ".ip6." not in reverse:
        return ".".join(labels)
    digits = "".join(labels)
    return ":".join(digits[at : at + 4] for at in range(0, 32, 4))
