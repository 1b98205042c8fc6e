"""Pictures of other servers: none on opening, all by the proxy after a click; and what signed addresses are for."""

from __future__ import annotations

import re
import socket
from base64 import b64encode

import pytest
import time_machine
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from mailserver.net import fetch
from mailserver.store.models import Account
from tests.support.mail import delivered
from tests.webmail.reading import PNG, address, html_message, signed_in, with_parts
from webmail.rendering import frames

# Ways of HTML and CSS to make a browser fetch something; U stands for the address.
FETCHING = [
    *("<img src=U>", "<img src='&#x20;U'>", "<img src='ht&#10;tps://spy.example/x'>", "<img src=//spy.example/x>"),
    *("<img src='HTTPS:\\\\spy.example/x'>", "<img srcset='U 2x' src=x>", "<img lowsrc=U longdesc=U dynsrc=U>"),
    *("<picture><source srcset=U><img></picture>", "<input type=image src=U>", "<video src=U poster=U></video>"),
    *("<audio src=U></audio>", "<embed src=U>", "<object data=U></object>", "<iframe src=U></iframe>", "<frame src=U>"),
    *("<track src=U>", "<link rel=stylesheet href=U>", "<link rel=prefetch href=U>", "<link rel=dns-prefetch href=U>"),
    *("<link rel=preconnect href=U>", "<script src=U></script>", "<style>@import 'U';</style>", "<base href=U>"),
    *("<style>body{background:url(U)}</style>", "<meta http-equiv=refresh content='0;url=U'>", "<body background=U>x"),
    *("<table background=U><tr><td>x</table>", "<table><tr><td background=U>x</table>", "<tr background=U>"),
    *("<div style='background:url(U)'>x</div>", "<div style='background-image:url(&quot;U&quot;)'>x</div>"),
    *("<div style='b\\61ckground:u\\72l(U)'>x</div>", "<div style='background:/**/url(/**/U)'>x</div>"),
    *("<div style='list-style-image:url(U)'>x</div>", "<div style='list-style:url(U)'>x</div>"),
    *("<div style='content:url(U)'>x</div>", "<div style='border-image:url(U)'>x</div>"),
    *("<div style='cursor:url(U),auto'>x</div>", "<div style='background:image-set(&quot;U&quot; 1x)'>x</div>"),
    *("<div style='--x:url(U);background:var(--x)'>x</div>", "<div style='filter:url(U)'>x</div>"),
    *("<div style='src:url(U);font-family:x'>x</div>", "<div style='background:url(&quot;U'>x</div>"),
    *("<div style='background:url(x)url(U)'>x</div>", "<div style='background:uRL( U )'>x</div>"),
    *("<div style='mask:url(U)'>x</div>", "<div style='background:src(&quot;U&quot;)'>x</div>"),
    *("<svg><image href=U /></svg>", "<svg><use href='U#a'/></svg>", "<svg><feImage href=U /></svg>"),
    *(
        "<math href=U>x</math>",
        "<a ping=U href='https://ok.example/'>x</a>",
        "<form action=U><button>x</button></form>",
    ),
    *("<button formaction=U>x</button>", "<blockquote cite=U>x</blockquote>", "<q cite=U>x</q>", "<ins cite=U>x</ins>"),
    *("<html manifest=U>", "<body onload='fetch(`U`)'>", "<applet archive=U codebase=U>x</applet>", "<bgsound src=U>"),
    *("<portal src=U></portal>", "<image src=U>", "<layer src=U>x</layer>", "<xml src=U>", "<img src=cid:U>"),
]
SPY = "https://spy.example/x"


@pytest.fixture
def _nobody_calls(monkeypatch):
    """Whoever resolves a name or opens a connection to somebody else fails the test."""

    def refuse(*arguments, **_):
        raise AssertionError(f"the page called {arguments}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(fetch, "image", refuse)


def frame(account, html: str, **query: str) -> str:
    place = delivered(account, html_message(html))
    return signed_in(account).get(f"/message/{place.message_id}/frame/", query).content.decode()


@pytest.mark.usefixtures("_nobody_calls")
def test_it_fetches_nothing_when_a_message_is_opened(alice):
    place = delivered(alice, html_message("".join(vector.replace("U", SPY) for vector in FETCHING)))
    browser = signed_in(alice)
    assert "spy.example" not in browser.get("/").content.decode()
    opened = browser.get(address(place)).content.decode()
    assert "spy.example" not in opened
    assert "Pictures from elsewhere are hidden" in opened


@pytest.mark.usefixtures("_nobody_calls")
@pytest.mark.parametrize("query", [{}, {"images": "1"}])
def test_it_lets_no_frame_call_another_server(alice, query):
    shown = set()
    for vector in FETCHING:
        inside = frame(alice, f"<p>Hi</p>{vector.replace('U', SPY)}", **query)
        assert "spy.example" not in inside, vector
        tree = LexborHTMLParser(inside)
        assert not tree.css("[srcset], [poster], [ping], [action], [formaction], [cite], [data], link, [http-equiv]")
        sources = [node.attributes[name] or "" for name in ("src", "background") for node in tree.css(f"[{name}]")]
        sources += re.findall(r"url\(&quot;([^&]*)&quot;\)", inside)
        assert all(source.startswith("/picture/") for source in sources), vector
        shown.update(vector for source in sources if source.startswith("/picture/elsewhere/"))
    assert len(shown) == (13 if query else 0), shown


def test_it_lets_the_frame_load_from_the_proxy_only(alice):
    place = delivered(alice, html_message("<p>Hi</p>"))
    policy = signed_in(alice).get(f"/message/{place.message_id}/frame/").headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives == {
        "default-src": "'none'",
        "img-src": "http://testserver/picture/ data:",
        "style-src": "'unsafe-inline'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "http://testserver",
        "sandbox": "allow-popups allow-popups-to-escape-sandbox",
    }


def test_it_asks_for_consent_message_by_message(alice):
    first = delivered(alice, html_message('<p>One</p><img src="https://spy.example/1">', subject="Same"))
    delivered(
        alice,
        html_message(
            '<p>Two</p><img src="https://spy.example/2">',
            subject="Re: Same",
            extra=f"In-Reply-To: {message_id(first)}\r\n",
        ),
    )
    page = signed_in(alice).get(address(first), {"images": first.message_id}).content.decode()
    assert page.count("/frame/?images=1") == 1
    assert page.count("Pictures from elsewhere are hidden") == 1


def message_id(place) -> str:
    from mailserver.store.models import Message

    return f"<{Message.objects.get(pk=place.message_id).message_id}>"


def picture(alice) -> tuple[int, str]:
    part = "Content-Type: image/png\r\nContent-ID: <p@x>\r\nContent-Transfer-Encoding: base64"
    place = delivered(
        alice, with_parts(("Content-Type: text/html", "<img src=cid:p@x>"), (part, b64encode(PNG).decode()))
    )
    return place.message_id, frames.picture_url(place.message_id, "2")


def test_it_signs_an_address_for_one_part_for_a_day(alice):
    message_id, url = picture(alice)
    assert Client().get(url).content == PNG
    token = url.split("/")[2]
    body, stamp, mark = token.split(":")
    other = frames.picture_url(message_id + 1, "2").split("/")[2].split(":")[0]
    for forged in (
        f"{other}:{stamp}:{mark}",
        f"{body}:zzzzzz:{mark}",
        f"{body}:{stamp}:{mark[:-1]}",
        f"{body}:{stamp}:",
    ):
        assert Client().get(f"/picture/{forged}/").status_code == 404
    with time_machine.travel("2099-01-01"):
        assert Client().get(url).status_code == 404


def test_it_does_not_take_one_kind_of_address_for_the_other(alice):
    _, url = picture(alice)
    elsewhere = frames.remote_url("http://8.8.8.8/a.png")
    assert Client().get(url.replace("/picture/", "/picture/elsewhere/")).status_code == 404
    assert Client().get(elsewhere.replace("/picture/elsewhere/", "/picture/")).status_code == 404


def test_it_shows_no_pictures_of_an_account_that_was_switched_off(alice):
    _, url = picture(alice)
    Account.objects.filter(pk=alice.pk).update(is_active=False)
    assert Client().get(url).status_code == 404


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1", "2130706433", "0x7f.1"]
)
def test_it_reaches_nothing_of_ours_through_the_proxy(host):
    answer = Client().get(frames.remote_url(f"http://{host}/a.png"))
    assert answer.status_code == 502
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_it_hands_pictures_on_so_that_they_can_do_nothing(monkeypatch):
    monkeypatch.setattr(fetch, "image", lambda url: fetch.Image("image/png", PNG))
    headers = Client().get(frames.remote_url("https://spy.example/a.svg")).headers
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"].startswith("private")
    assert "Set-Cookie" not in headers
