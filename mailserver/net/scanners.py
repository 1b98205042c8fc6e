"""Blocklists, rspamd and clamd, all asked at the same time. None of them ever costs a message: what fails is logged."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from mailserver.mail.spam.judgement import Reason
from mailserver.net import clamd, rspamd
from mailserver.net.clamd import ClamdError
from mailserver.net.dnsbl import Blocklists
from mailserver.net.internet import is_public
from mailserver.net.rspamd import Envelope, RspamdError

SECONDS = 20.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scan:
    """`virus` is the name of what clamd found, "" for nothing."""

    virus: str = ""
    reasons: tuple[Reason, ...] = ()


class Scanners:
    """Those that are set up; without any, nothing is asked.

    `rspamd_url` and `clamd_place` as the modules of these names take them. Only public addresses are looked up in
    blocklists, unless `everybody` is. `seconds` caps the time of each scanner.
    """

    def __init__(
        self,
        *,
        blocklists: Blocklists | None = None,
        rspamd_url: str = "",
        clamd_place: str | tuple[str, int] = "",
        everybody: bool = False,
        seconds: float = SECONDS,
    ) -> None:
        self._blocklists = blocklists
        self._rspamd_url = rspamd_url
        self._clamd_place = clamd_place
        self._everybody = everybody
        self._seconds = seconds

    async def scan(self, content: bytes, envelope: Envelope) -> Scan:
        """What they found. Takes as long as the slowest may; never raises for what they answer."""
        virus, listed, scored = await asyncio.gather(
            self._virus(content, envelope), self._listed(envelope.peer), self._scored(content, envelope)
        )
        return Scan(virus, (*listed, *scored))

    async def _listed(self, peer: str) -> tuple[Reason, ...]:
        if not self._blocklists or not peer or not (self._everybody or is_public(peer)):
            return ()
        return await self._blocklists.reasons(peer)

    async def _scored(self, content: bytes, envelope: Envelope) -> tuple[Reason, ...]:
        if not self._rspamd_url:
            return ()
        try:
            return await rspamd.check(self._rspamd_url, content, envelope, seconds=min(self._seconds, rspamd.SECONDS))
        except RspamdError as trouble:
            logger.error("rspamd did not judge a message from %s: %s", envelope.peer, trouble)
            return ()

    async def _virus(self, content: bytes, envelope: Envelope) -> str:
        if not self._clamd_place:
            return ""
        try:
            return await clamd.scan(self._clamd_place, content, seconds=min(self._seconds, clamd.SECONDS))
        except ClamdError as trouble:
            logger.error("clamd did not look at a message from %s: %s", envelope.peer, trouble)
            return ""
