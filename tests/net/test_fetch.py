"""The guard of the picture proxy, and the fetching itself against a server of the test's own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mailserver.net import fetch

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.png",
        "http://localhost/a.png",
        "http://localhost./a.png",
        "http://2130706433/a.png",
        "http://0x7f.1/a.png",
        "http://[::1]/a.png",
        "http://[::ffff:127.0.0.1]/",
        "ftp://8.8.8.8/a.png",
        "file:///etc/passwd",
        "http://user:secret@8.8.8.8/",
        "http:///a.png",
        "http://[",
        "http://x:99999/",
        "gopher://8.8.8.8/",
        "http://127.1/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://[::7f00:1]/",
        "http://[fe80::1%25lo]/",
        "http://[64:ff9b:1::7f00:1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1./a.png",
        "http://0x7f000001./a.png",
        "http://\u0661\u0662\u0667.0.0.1/",
        "http://\uff11\uff12\uff17.0.0.1/",
        "http://127.0.0.1\\@8.8.8.8/",
        "http://127.0.0.1#@8.8.8.8/",
        "http://8.8.8.8:25/",
        "http://8.8.8.8:22/",
        "http://a\r\nHost: b/",
        "//8.8.8.8/a.png",
        "",
    ],
)
def test_it_fetches_nothing_from_our_own_network(url):
    with pytest.raises(fetch.NotFetched):
        fetch.image(url)


def test_it_refuses_a_host_with_one_private_address_among_public_ones():
    with pytest.raises(fetch.NotFetched, match="not on the public internet"):
        fetch.image("http://mixed.example/a.png", resolve=lambda host, port: ["8.8.8.8", "10.0.0.1"])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answers = {
            "/a.png": (200, {}, PNG),
            "/page": (200, {"Content-Type": "image/png"}, b"<html>"),
            "/svg": (200, {"Content-Type": "image/svg+xml"}, b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
            "/large": (200, {}, PNG + b"x" * fetch.MAX_OCTETS),
            "/moved": (302, {"Location": "/a.png"}, b""),
            "/inside": (302, {"Location": "http://inside.example/a.png"}, b""),
            "/loop": (302, {"Location": "/loop"}, b""),
            "/broken": (302, {"Location": "http://["}, b""),
            "/nowhere": (302, {}, b""),
            "/file": (302, {"Location": "file:///etc/passwd"}, b""),
            "/loopback": (302, {"Location": "http://[::1]:80/a.png"}, b""),
            "/mail": (302, {"Location": "http://pictures.example:25/"}, b""),
        }
        path = self.path.partition("?")[0]
        status, headers, body = answers.get(path, (404, {}, b""))
        self.server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            return

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


def get(server: ThreadingHTTPServer, path: str) -> fetch.Image:
    def resolve(host: str, port: int) -> list[str]:
        return ["10.1.2.3"] if host == "inside.example" else ["127.0.0.1"]

    url = f"http://pictures.example:{server.server_port}{path}"
    return fetch.image(url, resolve=resolve, allowed=lambda address: address == "127.0.0.1")


def test_it_fetches_a_picture_and_tells_the_other_side_nothing(server):
    assert get(server, "/a.png?id=é") == fetch.Image("image/png", PNG)
    path, headers = server.seen[0]
    assert path == "/a.png?id=%C3%A9"
    assert not {"Cookie", "Referer", "Authorization", "X-Forwarded-For"} & set(headers)


def test_it_follows_redirects_but_checks_each(server):
    assert get(server, "/moved").type == "image/png"
    with pytest.raises(fetch.NotFetched, match="not on the public internet"):
        get(server, "/inside")
    with pytest.raises(fetch.NotFetched, match="redirects"):
        get(server, "/loop")


@pytest.mark.parametrize(
    ("path", "why"), [("/page", "no picture"), ("/svg", "no picture"), ("/large", "too large"), ("/gone", "404")]
)
def test_it_passes_on_nothing_but_pictures(server, path, why):
    with pytest.raises(fetch.NotFetched, match=why):
        get(server, path)


@pytest.mark.parametrize("path", ["/broken", "/nowhere", "/file", "/loopback", "/mail"])
def test_it_follows_redirects_to_nothing_but_public_pages(server, path):
    with pytest.raises(fetch.NotFetched):
        get(server, path)
    assert {path for path, _ in server.seen} == {path}


def test_it_calls_the_address_that_was_checked_and_asks_no_second_time(server):
    """DNS rebinding: the name would lead inside if it were resolved again."""
    answers = iter([["127.0.0.1"], ["10.1.2.3"]])
    found = fetch.image(
        f"http://pictures.example:{server.server_port}/a.png",
        resolve=lambda host, port: next(answers),
        allowed=lambda address: address == "127.0.0.1",
    )
    assert found.type == "image/png"
    assert next(answers) == ["10.1.2.3"]
    assert server.seen[0][1]["Host"] == f"pictures.example:{server.server_port}"


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\n\r\n\x89PNG\r\n\x1a\n"])
def test_it_cuts_a_server_that_sends_one_octet_now_and_then(start, monkeypatch):
    monkeypatch.setattr(fetch, "SECONDS", 0.3)
    with dripping(start) as port, pytest.raises(fetch.NotFetched):
        fetch.image(f"http://pictures.example:{port}/", resolve=lambda *_: ["127.0.0.1"], allowed=bool)


def test_it_cuts_a_handshake_that_never_ends(monkeypatch):
    monkeypatch.setattr(fetch, "SECONDS", 0.3)
    record = b"\x16\x03\x03\x40\x00"  # a handshake record of 16 KB, octet by octet
    with dripping(record) as port, pytest.raises(fetch.NotFetched):
        fetch.image(f"https://pictures.example:{port}/", resolve=lambda *_: ["127.0.0.1"], allowed=bool)


@contextmanager
def dripping(start: bytes) -> Iterator[int]:
    """A server that sends `start` and then an octet every 10 ms, for as long as somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            caller, _ = listener.accept()
            with caller, suppress(OSError):
                caller.sendall(start)
                for _ in range(6000):
                    caller.sendall(b"x")
                    time.sleep(0.01)

        thread = threading.Thread(target=talk)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(30)
        assert not thread.is_alive()


def test_it_gives_up_on_slow_servers(server, monkeypatch):
    monkeypatch.setattr(fetch, "SECONDS", 0.0)
    with pytest.raises(fetch.NotFetched, match="slow"):
        get(server, "/a.png")
