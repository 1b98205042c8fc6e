"""What tests of reading share: a signed-in browser, mail in its boxes, and the page as a tree."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.test import Client
from selectolax.lexbor import LexborHTMLParser, LexborNode

from mailserver.services import mailboxes
from mailserver.services.inbound import Delivery
from mailserver.store.models import Account, Mailbox, Message
from tests.support.mail import delivered

HTMX = {"HX-Request": "true"}


def signed_in(account: Account, **options: Any) -> Client:
    browser = Client(**options)
    browser.force_login(account)
    return browser


def page(response: HttpResponse) -> LexborHTMLParser:
    assert response.status_code == 200, response.content[:500]
    return LexborHTMLParser(response.content.decode())


def texts(tree: LexborHTMLParser, selector: str) -> list[str]:
    return [" ".join(node.text(separator=" ").split()) for node in tree.css(selector)]


def only(tree: LexborHTMLParser, selector: str) -> LexborNode:
    (found,) = tree.css(selector)
    return found


def box(account: Account, use: str = "inbox") -> Mailbox:
    return mailboxes.by_use(account.pk, use)


def line(place: Delivery) -> str:
    """How forms name the conversation of a delivered message."""
    return f"{place.mailbox_id}-{thread(place)}"


def thread(place: Delivery) -> int:
    return Message.objects.values_list("thread_id", flat=True).get(pk=place.message_id)


def address(place: Delivery) -> str:
    """The conversation's page."""
    return f"/mail/{place.mailbox_id}/{thread(place)}/"


def html_message(html: str, *, subject: str = "A letter", extra: str = "") -> bytes:
    return (
        f"From: Bob <bob@hamburger.edu>\r\nTo: alice@crepes.fr\r\nSubject: {subject}\r\n"
        f"Message-ID: <{abs(hash(html))}@hamburger.edu>\r\n{extra}"
        f"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
    ).encode()


def many(account: Account, number: int) -> list[Delivery]:
    return [delivered(account, subject=f"Number {index}") for index in range(number)]


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f0005000"
    "1ff56c7d29c0000000049454e44ae426082"
)


def with_parts(*parts: tuple[str, str], subject: str = "With files") -> bytes:
    """A multipart/mixed message of (header lines, body) pairs."""
    body = "".join(f"--b\r\n{header}\r\n\r\n{content}\r\n" for header, content in parts)
    return (
        f"From: Bob <bob@hamburger.edu>\r\nTo: alice@crepes.fr\r\nSubject: {subject}\r\n"
        f"Message-ID: <{abs(hash(body))}@hamburger.edu>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: multipart/mixed; boundary=b\r\n\r\n{body}--b--\r\n"
    ).encode()
