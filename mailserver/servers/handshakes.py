"""TLS from the first octet, for clients that are counted as soon as they are there and not when they are through."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

from mailserver.servers.certificate import Certificate
from mailserver.servers.limits import Register

logger = logging.getLogger(__name__)

# Queue of the kernel, and how many are taken from it before others have their turn.
BACKLOG = 512
SECONDS = 15.0
# Where the system has no descriptors or memory for one more: so long until we look again.
PAUSE_SECONDS = 1.0
_SHORT_OF = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Arrival:
    """One client whose handshake is under way."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None

    def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()


class EncryptedServer:
    """What `loop.create_server` with a context would be, but for whom it knows.

    There a connection exists for us only after its handshake: whoever opens thousands and says nothing would be no
    guest of any register. Here `arrivals` bounds them, by address and in all; who is one too many is hung up on, since
    nothing can be said before there is TLS. Belongs to the running loop.
    """

    def __init__(
        self,
        bound: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        certificate: Certificate,
        arrivals: Register,
        seconds: float = SECONDS,
    ) -> None:
        self.sockets = (bound,)
        self._protocol = protocol
        self._certificate = certificate
        self._arrivals = arrivals
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        bound.listen(BACKLOG)
        self._listen()

    def close(self) -> None:
        """No more clients; those who are not through go."""
        if self.sockets[0].fileno() < 0:
            return
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self.sockets[0].fileno())
        self.sockets[0].close()
        self._arrivals.stop()

    def _listen(self) -> None:
        self._pause = None
        self._loop.add_reader(self.sockets[0].fileno(), self._accept_all)

    def _accept_all(self) -> None:
        for _ in range(BACKLOG):
            try:
                client, place = self.sockets[0].accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _SHORT_OF:
                    raise
                logger.error("no more connections for a moment: %s", error)
                self._loop.remove_reader(self.sockets[0].fileno())
                self._pause = self._loop.call_later(PAUSE_SECONDS, self._listen)
                return
            self._receive(client, str(place[0]))

    def _receive(self, client: socket.socket, address: str) -> None:
        client.setblocking(False)
        # asyncio does so itself only where the socket names its protocol, which an accepted one does not.
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        arrival = Arrival()
        if not self._arrivals.enter(arrival, address):
            logger.info("%s: too many handshakes at once", address)
            client.close()
            return
        arrival.task = self._loop.create_task(self._shake_hands(arrival, client, address))

    async def _shake_hands(self, arrival: Arrival, client: socket.socket, address: str) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self._protocol, client, ssl=self._certificate.context, ssl_handshake_timeout=self._seconds
            )
        except (OSError, TimeoutError) as error:
            logger.info("%s: no TLS: %s", address, type(error).__name__)
        finally:
            self._arrivals.leave(arrival)
