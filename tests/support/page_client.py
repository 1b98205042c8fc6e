"""A browser without scripts: cookies, redirects, links, forms with their hidden fields, and file uploads."""

from __future__ import annotations

import http.cookiejar
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from selectolax.lexbor import LexborHTMLParser, LexborNode


@dataclass(frozen=True)
class Upload:
    """A file chosen in a form."""

    name: str
    type: str
    data: bytes


@dataclass
class Page:
    """What came back, and where from."""

    client: PageClient
    url: str
    status: int
    type: str
    content: bytes

    @property
    def tree(self) -> LexborHTMLParser:
        return LexborHTMLParser(self.content.decode())

    @property
    def text(self) -> str:
        """The words on the page, blanks folded."""
        body = self.tree.body
        return " ".join(body.text(separator=" ").split()) if body else ""

    def link(self, words: str) -> str:
        """The address behind the first link with these words. Raises AssertionError."""
        for node in self.tree.css("a[href]"):
            if words in " ".join(node.text().split()):
                return self._absolute(node.attributes["href"])
        raise AssertionError(f"no link {words!r} on {self.url}: {self.text[:2000]}")

    def follow(self, words: str) -> Page:
        return self.client.get(self.link(words))

    def address(self, selector: str, attribute: str = "href") -> str:
        """The address in an attribute of the first element a CSS selector finds. Raises AssertionError."""
        node = self.tree.css_first(selector)
        assert node is not None, f"no {selector} on {self.url}: {self.text[:2000]}"
        return self._absolute(node.attributes[attribute])

    def form(self, *fields: str) -> Form:
        """The form that has all these fields. Raises AssertionError."""
        for node in self.tree.css("form"):
            names = {found.attributes.get("name") for found in node.css("input, textarea, select")}
            if names >= set(fields):
                return Form(self, node)
        raise AssertionError(f"no form with {fields} on {self.url} ({self.status}): {self.text[:2000]}")

    def _absolute(self, reference: str | None) -> str:
        return urllib.parse.urljoin(self.url, reference or "")


class Form:
    """A form as the page gave it; `send` adds what the person filled in."""

    def __init__(self, page: Page, node: LexborNode) -> None:
        self.page = page
        self.action = urllib.parse.urljoin(page.url, node.attributes.get("action") or page.url)
        self.values = dict(_fields(node))

    def send(self, *, uploads: Mapping[str, Upload] | None = None, **values: str) -> Page:
        """Press the form's button."""
        return self.page.client.post(self.action, {**self.values, **values}, uploads or {}, self.page.url)


class PageClient:
    """One person's browser window."""

    def __init__(self, start: str) -> None:
        self.start = start
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar, urllib.request.ProxyHandler({}))

    @classmethod
    def signed_in(cls, start: str, address: str, password: str) -> Self:
        """A window in which `address` has signed in."""
        client = cls(start)
        page = client.get("/signin/").form("address", "password").send(address=address, password=password)
        assert page.status == 200, page.text
        assert "Sign in" not in (page.tree.css_first("title") or page.tree.root).text(), page.text
        return client

    @classmethod
    def welcomed(cls, start: str, address: str, password: str, *, name: str) -> Self:
        """A window in which the first administrator, and the domain of the address, were made on the first-run page."""
        client = cls(start)
        page = client.get("/").form("name", "address", "password").send(name=name, address=address, password=password)
        assert page.status == 200, page.text
        assert page.tree.css_first("[href='/compose/']") is not None, page.text
        return client

    def get(self, reference: str) -> Page:
        return self._fetch(urllib.request.Request(urllib.parse.urljoin(self.start, reference)))

    def post(self, url: str, values: Mapping[str, str], uploads: Mapping[str, Upload], referrer: str) -> Page:
        boundary = secrets.token_hex(16)
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Referer": referrer}
        return self._fetch(urllib.request.Request(url, _multipart(boundary, values, uploads), headers))

    def _fetch(self, request: urllib.request.Request) -> Page:
        try:
            answer = self._opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return Page(self, answer.url, answer.status, answer.headers.get_content_type(), answer.read())


def _fields(form: LexborNode) -> Iterable[tuple[str, str]]:
    """What a browser would send of an untouched form, its buttons and empty file fields left out."""
    for node in form.css("input[name], textarea[name], select[name]"):
        attributes = node.attributes
        name, kind = attributes["name"] or "", attributes.get("type") or "text"
        if node.tag == "textarea":
            yield name, node.text()
        elif node.tag == "select":
            chosen = node.css_first("option[selected]") or node.css_first("option")
            yield name, (chosen.attributes.get("value") or "") if chosen else ""
        elif kind in ("checkbox", "radio"):
            if "checked" in attributes:
                yield name, attributes.get("value") or "on"
        elif kind not in ("file", "submit", "image", "button"):
            yield name, attributes.get("value") or ""


def _multipart(boundary: str, values: Mapping[str, str], uploads: Mapping[str, Upload]) -> bytes:
    """RFC 7578."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in values.items()
    ]
    parts += [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{upload.name}"\r\n'
        f"Content-Type: {upload.type}\r\n\r\n".encode()
        + upload.data
        + b"\r\n"
        for name, upload in uploads.items()
    ]
    return b"".join(parts) + f"--{boundary}--\r\n".encode()
