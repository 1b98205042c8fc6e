"""The connection under the SMTP client, where the server's end of it counts."""

from __future__ import annotations

import asyncio

from mailserver.net.smtp_wire import Wire


class ClosedTls(asyncio.Transport):
    """A TLS transport that the server has closed, as asyncio of Python 3.11.2 has it: a second close breaks abort."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = False

    def is_closing(self):
        return True

    def close(self):
        self.broken = True

    def abort(self):
        assert not self.broken, "'NoneType' object has no attribute '_abort'"


def closed_by(patience, *, told):
    async def close():
        wire, transport = Wire(), ClosedTls()
        wire.connection_made(transport)
        if told:
            wire.connection_lost(None)
        await wire.close(patience)
        return transport

    return asyncio.run(close())


def test_it_closes_once_when_the_server_has_closed_already():
    assert not closed_by(0.01, told=True).broken


def test_it_ends_by_force_what_the_server_half_closed():
    assert not closed_by(0.01, told=False).broken
