"""Where the embedded servers of a data folder are, so that commands typed beside `manage.py up` find them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mailserver.conf import Config
from mailserver.stack import places, postgres, redis


def with_embedded(config: Config) -> Config:
    """`config` with the embedded servers' addresses where none are set and this data folder has such servers."""
    database, broker = config.data_dir / "postgres", config.data_dir / "redis"
    return replace(
        config,
        database_url=config.database_url or (postgres.url(_sockets(database)) if database.exists() else ""),
        redis_url=config.redis_url or (redis.url(_sockets(broker) / "redis.sock") if broker.exists() else ""),
    )


def _sockets(folder: Path) -> Path:
    return places.socket_path(folder.resolve())
