"""The policy servers of domains with MTA-STS (RFC 8461 §3.3), all on one address and port: HTTPS, one file each."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from mailserver.practice.certificates import Authority, context_of

ADDRESS = "127.25.0.80"
PATH = "/.well-known/mta-sts.txt"


def policy(hosts: Sequence[str]) -> str:
    """Enforced, for a day."""
    lines = ["version: STSv1", "mode: enforce", *(f"mx: {host}" for host in hosts), "max_age: 86400"]
    return "".join(f"{line}\r\n" for line in lines)


class PolicyServer:
    """`policies`: the mail servers a policy names, by the name of the policy server. `port`: 0 for any free one."""

    def __init__(self, policies: Mapping[str, Sequence[str]], vouching: Authority, port: int = 0) -> None:
        self._server = _Server((ADDRESS, port), {name: policy(hosts) for name, hosts in policies.items()})
        contexts = {name: context_of(vouching.vouch(name)) for name in policies}
        context = context_of(vouching.vouch("nobody.test"))
        context.sni_callback = lambda sock, name, _: setattr(sock, "context", contexts.get(name or "", context))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> PolicyServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, where: tuple[str, int], texts: Mapping[str, str]) -> None:
        self.texts = texts
        super().__init__(where, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers who do not believe our certificate hang up; that is part of practice."""


class _Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)
        text = self.server.texts.get(self.headers.get("Host", "").partition(":")[0])
        if self.path != PATH or text is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: object) -> None:
        """Silence: what matters is what the mail server says of it."""
