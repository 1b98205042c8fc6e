"""Handing content to a web address, against a server of the test's own."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mailserver.net import https_post
from mailserver.net.https_post import NotTaken
from mailserver.practice.certificates import self_signed

HOST = "reports.example"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers["Content-Type"], body))  # type: ignore[attr-defined]
        status = int(self.path.rpartition("/")[2].partition("?")[0])
        self.send_response(status)
        self.send_header("Location", f"https://{HOST}/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server(tmp_path, monkeypatch) -> Iterator[ThreadingHTTPServer]:
    (tmp_path / "both.pem").write_bytes(self_signed(HOST))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "both.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.socket = context.wrap_socket(running.socket, server_side=True)
    running.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


def post(server: ThreadingHTTPServer, path: str, host: str = HOST) -> int:
    loopback = {"resolve": lambda host, port: ["127.0.0.1"], "allowed": lambda address: address == "127.0.0.1"}
    return https_post.post(
        f"https://{host}:{server.server_port}{path}", b"octets", "application/tlsrpt+gzip", **loopback
    )


def test_it_hands_over_once_and_follows_nobody(server):
    assert post(server, "/a/201?x=1") == 201
    assert server.seen == [("/a/201?x=1", "application/tlsrpt+gzip", b"octets")]
    for status in (302, 404, 500):
        with pytest.raises(NotTaken, match=str(status)):
            post(server, f"/{status}")
    assert len(server.seen) == 4


def test_it_trusts_no_other_name(server):
    with pytest.raises(NotTaken, match="SSLCertVerificationError"):
        post(server, "/200", "other.example")
    assert server.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://169.254.169.254/",
        "http://8.8.8.8/",
        "https://user@8.8.8.8/",
        "https://8.8.8.8:25/",
        "https://",
        "https://[",
        "https://x:99999/",
        "https://0x7f.1/",
        "file:///etc/passwd",
        "https://8.8.8.8\r\nX: y/",
    ],
)
def test_it_calls_nobody_of_our_own_network(url):
    with pytest.raises(NotTaken):
        https_post.post(url, b"", "text/plain")
