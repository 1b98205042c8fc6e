"""Whether the ports are free, asked before anything is started."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping

from mailserver.errors import ConfigurationError


def check(bind: str, wanted: Mapping[str, int]) -> None:
    """Raise ConfigurationError naming the variable whose port on `bind` cannot be had.

    wanted: port by variable, e.g. {"CORREIO_HTTP_PORT": 8000}.
    """
    seen: dict[int, str] = {}
    for variable, port in wanted.items():
        if port in seen:
            raise ConfigurationError(f"{seen[port]} and {variable} are both {port}")
        seen[port] = variable
        _try(bind, variable, port)


def _try(bind: str, variable: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the servers do: connections of a run that just ended do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            raise ConfigurationError(_explain(error, bind, variable, port)) from None


def _explain(error: OSError, bind: str, variable: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program. Stop that, or set {variable} to a free port."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has. Set {variable} to one above 1023."
    return f"Cannot listen on {bind}, port {port}: {error.strerror}. Look at CORREIO_BIND and {variable}."
