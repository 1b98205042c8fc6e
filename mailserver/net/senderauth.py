"""The checks of a sender that need the DNS: SPF, the keys of DKIM, DMARC, and the name of the caller (iprev).

All of it has one limit of time, and none of it blocks the event loop. What is not answered by then is `temperror`,
which counts against nobody. When the resolver itself is silent, nothing is asked of it for a minute.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeVar

from mailserver.mail.senderauth import dkim, dmarc
from mailserver.mail.senderauth.results import Dkim, IprevWord, Spf, Verdict
from mailserver.net import spf
from mailserver.net.dnsmemory import Memory
from mailserver.net.resolver import AtHand, DnsError, DnsTemporary, Evidence, NotAtHand

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

SECONDS = 5.0
SILENT_SECONDS = 60.0
# RFC 8601 §3: names of the caller that are looked at.
MAX_NAMES = 10
# An SPF check holds a thread while it waits for the DNS.
SPF_THREADS = 16
# Octets of a header that is read at once.
SMALL = 32 * 1024
# Senders of whom it is remembered what the DNS says.
FOUND = 1000
# Reading and verifying is work for the CPU.
WORK_THREADS = 2


_Read = tuple[dkim.Signed, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Found:
    """What the DNS says about a message: TXT records by name, None where it did not answer."""

    texts: Mapping[str, Sequence[bytes] | None]
    spf: Spf
    iprev: IprevWord


class SenderCheck:
    """Asks through `resolver`, at most `seconds` for a message; `clock` gives seconds since 1970.

    `memory` knows what was asked before, and never waits.
    """

    def __init__(
        self,
        resolver: Evidence,
        *,
        memory: AtHand | None = None,
        receiver: str = "",
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._resolver = _Sparing(resolver)
        self._memory = memory
        self._found: Memory[tuple[str, ...], _Found] = Memory(FOUND)
        self._receiver = receiver
        self._seconds = seconds
        self._clock = clock
        self._waiting = ThreadPoolExecutor(SPF_THREADS, thread_name_prefix="spf")
        self._working = ThreadPoolExecutor(WORK_THREADS, thread_name_prefix="senderauth")

    async def check(self, content: bytes, *, peer: str, helo: str, sender: str) -> Verdict:
        """The verdict on a message from the host at `peer`. `content` has CRLF line ends, `sender` is "" for a bounce.

        Raises ValueError when `peer` is no IP address.
        """
        peer = plain_address(peer)
        # A thread for a small header costs more than reading it.
        small = len(content) <= SMALL or content.find(b"\r\n\r\n", 0, SMALL) >= 0
        read = _read(content) if small else await self._worked(_read, content)
        found = self._at_hand(read, peer, helo, sender) or await self._asked(read, peer, helo, sender)
        signed, authors = read
        if signed.signatures:
            signatures = await self._worked(self._verify, signed, found.texts)
        else:
            signatures = self._verify(signed, found.texts)
        judged, disposition = dmarc.judge(authors, found.texts, found.spf, signatures)
        return Verdict(peer, found.spf, signatures, judged, found.iprev, disposition)

    def _at_hand(self, read: _Read, peer: str, helo: str, sender: str) -> _Found | None:
        """What the DNS says when all of it is remembered: most mail is of those who wrote a moment ago."""
        if self._memory is None:
            return None
        names = dict.fromkeys(_names(*read))
        # What it comes to is remembered too, as long as each of the answers holds: to set up pyspf takes longer than
        # all else about a sender.
        question = (peer, *spf.identity(helo, sender), *names)
        known = self._found.get(question)
        if known is not None:
            return known
        self._memory.memory.soonest = math.inf
        try:
            texts = {name: spf.at_once(_texts(self._memory, name)) for name in names}
            iprev = spf.at_once(_iprev(self._memory, peer))
            word, for_all = spf.at_hand(
                peer=peer, helo=helo, sender=sender, resolver=self._memory, receiver=self._receiver
            )
        except NotAtHand:
            return None
        found = _Found(texts, word, iprev)
        if for_all:
            self._found.put(question, found, self._memory.memory.soonest)
        return found

    async def _asked(self, read: _Read, peer: str, helo: str, sender: str) -> _Found:
        loop = asyncio.get_running_loop()
        spf_task = loop.create_task(self._spf(peer, helo, sender))
        iprev_task = loop.create_task(_iprev(self._resolver, peer))
        texts = {name: loop.create_task(_texts(self._resolver, name)) for name in dict.fromkeys(_names(*read))}
        asked: list[asyncio.Task[Any]] = [spf_task, iprev_task, *texts.values()]
        try:
            _, late = await asyncio.wait(asked, timeout=self._seconds)
        finally:
            for task in asked:
                task.cancel()
        if late:
            await self._resolver.look()
        missing = Spf("temperror", *spf.identity(helo, sender))
        return _Found(
            {name: _result(task, None) for name, task in texts.items()},
            _result(spf_task, missing),
            _result(iprev_task, "temperror"),
        )

    async def _worked(self, work: Callable[..., Answer], *values: object) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._working, work, *values)

    def _spf(self, peer: str, helo: str, sender: str) -> Coroutine[Any, Any, Spf]:
        return spf.check(
            peer=peer,
            helo=helo,
            sender=sender,
            resolver=self._resolver,
            executor=self._waiting,
            seconds=self._seconds,
            receiver=self._receiver,
        )

    def _verify(self, signed: dkim.Signed, records: Mapping[str, Sequence[bytes] | None]) -> tuple[Dkim, ...]:
        return dkim.verify(signed, records, now=int(self._clock()))


@lru_cache(maxsize=1000)
def plain_address(peer: str) -> str:
    """An IP address without a zone; IPv4 inside IPv6 as IPv4. Raises ValueError."""
    found = ipaddress.ip_address(peer.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


class _Sparing:
    """A resolver that is left alone for a minute after it was found silent."""

    def __init__(self, resolver: Evidence) -> None:
        self._resolver = resolver
        self._silent_until = 0.0
        self._looking = False

    async def look(self) -> None:
        """Ask whether it answers at all: a domain whose own servers are silent must not stop the checks of others."""
        if self._looking or self._silent:
            return
        self._looking = True
        try:
            if not await self._resolver.answers():
                logger.warning("the DNS does not answer: no sender is checked for %d s", SILENT_SECONDS)
                self._silent_until = asyncio.get_running_loop().time() + SILENT_SECONDS
        finally:
            self._looking = False

    @property
    def _silent(self) -> bool:
        return asyncio.get_running_loop().time() < self._silent_until

    def _ready(self) -> Evidence:
        if self._silent:
            raise DnsTemporary("the DNS did not answer a moment ago")
        return self._resolver

    async def mx(self, domain: str) -> list[tuple[int, str]]:
        return await self._ready().mx(domain)

    async def addresses(self, host: str) -> list[str]:
        return await self._ready().addresses(host)

    async def txt(self, name: str) -> list[bytes]:
        return await self._ready().txt(name)

    async def hosts(self, name: str, version: Literal[4, 6]) -> list[str]:
        return await self._ready().hosts(name, version)

    async def names(self, address: str) -> list[str]:
        return await self._ready().names(address)

    async def answers(self) -> bool:
        return await self._resolver.answers()


def _read(content: bytes) -> _Read:
    return dkim.signatures(content), dmarc.author_domains(content)


def _names(signed: dkim.Signed, authors: Sequence[str]) -> Iterable[str]:
    yield from filter(None, (signature.key_name for signature in signed.signatures))
    yield from dmarc.questions(authors)


def _result(task: asyncio.Task[Answer], otherwise: Answer) -> Answer:
    """What the task found, or `otherwise` when it was too late or stumbled: a check never costs a message."""
    if task.cancelled() or not task.done():
        return otherwise
    fault = task.exception()
    if fault is None:
        return task.result()
    logger.error("a check of a sender stumbled", exc_info=fault)
    return otherwise


async def _texts(resolver: Evidence, name: str) -> Sequence[bytes] | None:
    """The TXT records of a name, none when it has none; None when the DNS did not say."""
    try:
        return await resolver.txt(name)
    except DnsTemporary:
        return None
    except DnsError:
        return []


async def _iprev(resolver: Evidence, peer: str) -> IprevWord:
    """Whether a name of the address has that address (RFC 8601 §3)."""
    version: Literal[4, 6] = 6 if ":" in peer else 4
    try:
        names = await resolver.names(peer)
    except DnsTemporary:
        return "temperror"
    except DnsError:
        return "permerror"
    tries = [resolver.hosts(name, version) for name in names[:MAX_NAMES]]
    found = [await _caught(tries[0])] if len(tries) == 1 else await asyncio.gather(*tries, return_exceptions=True)
    addresses = {plain_address(address) for part in found if not isinstance(part, BaseException) for address in part}
    if peer in addresses:
        return "pass"
    return "temperror" if any(isinstance(part, DnsTemporary) for part in found) else "fail"


async def _caught(answer: Coroutine[Any, Any, list[str]]) -> list[str] | BaseException:
    """As `gather` does, but without a task, for a single question."""
    try:
        return await answer
    except DnsError as error:
        return error
