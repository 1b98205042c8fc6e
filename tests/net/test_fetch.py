"""The guard of the picture proxy, and the fetching itself against a server of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mailserver.net import fetch

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.5.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "64:ff9b::7f00:1",
        "ff02::1",
    ],
)
def test_it_knows_what_is_not_public(address):
    assert not fetch.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111"])
def test_it_knows_what_is_public(address):
    assert fetch.is_public(address)


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


def test_it_gives_up_on_slow_servers(server, monkeypatch):
    monkeypatch.setattr(fetch, "SECONDS", 0.0)
    with pytest.raises(fetch.NotFetched, match="slow"):
        get(server, "/a.png")
