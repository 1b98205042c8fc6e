"""An HTTPS server on loopback that publishes an MTA-STS policy, or does what a test says instead."""

from __future__ import annotations

import socket
import ssl
import threading
from types import TracebackType

ENFORCE = "version: STSv1\r\nmode: enforce\r\nmx: mx1.hamburger.edu\r\nmx: *.mail.hamburger.edu\r\nmax_age: 86400\r\n"


def answered(policy: str, *, status: str = "200 OK", kind: str = "text/plain; charset=utf-8") -> bytes:
    content = policy.encode()
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


class PolicyServer:
    """`answer` is what each request gets, None for silence; it may be changed while the server runs."""

    def __init__(self, context: ssl.SSLContext, answer: bytes | None) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self._context = context
        self._over = threading.Event()

    def __enter__(self) -> PolicyServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            with sock:
                if self._over.is_set():
                    return
                try:
                    with self._context.wrap_socket(sock, server_side=True) as secured:
                        self._talk(secured)
                except OSError:
                    continue  # the client did not like the certificate, or left

    def _talk(self, secured: ssl.SSLSocket) -> None:
        secured.settimeout(5)
        self.requests.append(secured.recv(4096))
        if self.answer is None:
            self._over.wait(5)
        else:
            secured.sendall(self.answer)
