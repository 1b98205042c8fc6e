"""The embedded Redis-compatible server (Valkey): broker, bells and counters, on one unix socket."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from mailserver.stack import binaries, places
from mailserver.stack.identity import Identity

STOP_SIGNAL = signal.SIGTERM


def url(socket: Path) -> str:
    """The form redis-py takes; Celery's is the same path after `redis+socket://`."""
    return f"unix://{socket}"


@dataclass(frozen=True, slots=True)
class Redis:
    """A server that is ready to be started with `command()`; `durable` keeps an append-only file."""

    program: Path
    data: Path
    socket: Path
    durable: bool = True

    @property
    def url(self) -> str:
        return url(self.socket)

    def command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "daemonize": "no",
            "save": "",
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
        }
        return [
            str(self.program),
            *(word for name, value in settings.items() for word in (f"--{name}", value)),
        ]

    def answers(self) -> bool:
        """Whether it answers PING now (False while it starts or loads its file)."""
        once = Retry(NoBackoff(), 0)
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2, retry=once)
        try:
            return bool(client.ping())
        except (redis.exceptions.ConnectionError, redis.exceptions.BusyLoadingError):
            return False
        finally:
            client.close()


def prepare(data_dir: Path, *, durable: bool = True) -> Redis:
    """The server of `data_dir`. Raises ConfigurationError when there is no program for it."""
    ourselves = Identity()
    home = places.home(data_dir, "redis", ourselves)
    return Redis(binaries.redis(), home, places.socket_folder(home, ourselves) / "redis.sock", durable)
