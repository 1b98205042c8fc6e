"""Scripts of strangers in every place their text is shown. The corpus has 6,613 of them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailserver.mail import compose, html
from mailserver.mail.addresses import HeaderAddress
from mailserver.mail.compose import Attachment, Draft
from mailserver.services import mailboxes, messages
from mailserver.store.models import MailboxMessage
from tests.support import corpora
from tests.webmail.markup import Shape, dangers, shape
from tests.webmail.reading import signed_in
from webmail.rendering import colours, quotes, text

# Where a payload can stand in the HTML of a message.
CONTEXTS = [
    "{}",
    "<p>Some words of my own, long enough.</p>{}<blockquote>On Sunday Bob wrote:<p>{}</p></blockquote>",
    '<p title="{}" style="color:#777">x</p>',
    "<a href='{}'>x</a>",
    "<img alt={} src={}>",
    '<div style="background:url({});color:{}">x</div>',
    "<font color='{}' face=\"{}\">x</font>",
    "<table><tr><td>{}<table>{}</table></table>",
    "<!--{}--><![CDATA[{}]]><?xml {}?>",
    "<details><summary></summary></details>{}<blockquote title='{}'>{}</blockquote>",
    "<svg><style>{}</style></svg><math><mtext>{}</mtext></math>",
    "<noscript>{}</noscript><textarea>{}</textarea><title>{}</title>",
]
ATTRIBUTES = {name for found in html._ATTRIBUTES.values() for name in found} | {"rel", "target"}
CLEAN: Shape = frozenset(
    {(tag, "") for tag in html._TAGS | {"html", "head", "body"}}
    | {(tag, name) for tag in html._TAGS for name in ATTRIBUTES}
)


def shown(source: str, *, remote: bool = True) -> str:
    """What stands in the frame of a message."""
    clean = html.sanitise(source, remote=remote, cid_url=lambda _: "/picture/x/", remote_url=lambda _: "/picture/y/")
    return colours.adapted(quotes.folded(clean.html))


def payloads() -> list[str]:
    return [line for line in corpora.lines("xss-payloads", "xss-payload-list.txt") if line.strip()]


@pytest.mark.slow
@corpora.needed
@pytest.mark.parametrize("context", CONTEXTS)
def test_it_cleans_every_payload_wherever_it_stands(context):
    found = payloads()
    assert len(found) > 6000
    bad = {
        payload: problems for payload in found if (problems := dangers(shown(context.replace("{}", payload)), CLEAN))
    }
    assert not bad


@corpora.needed
def test_it_escapes_every_payload_in_plain_text():
    allowed = shape('<html><head></head><body><a class="" href="" target="" rel=""></a></body></html>')
    for payload in payloads():
        line = str(text.linked(f"{payload} https://ok.example/?{payload}"))
        assert not dangers(line, allowed), payload


# Pieces that parsers disagree about; put together at random they are read by two parsers in a row.
PIECES = [
    *(
        "<p>",
        "</p>",
        "<div ",
        "<a href=",
        "<b",
        "<table>",
        "<tr>",
        "<td>",
        "</table>",
        "<caption>",
        "<details>",
        "<pre>\n",
    ),
    *(
        "<summary></summary></details>",
        "</summary></details>",
        "<blockquote>",
        "</blockquote>",
        "wrote:",
        "<img src=x ",
    ),
    *("<svg>", "</svg>", "<math>", "<mtext>", "<style>", "</style>", "<title>", "</title>", "<textarea>", "<noscript>"),
    *("<select>", "<option>", "<template>", "<foreignObject>", "<annotation-xml encoding=text/html>", "<mglyph>"),
    *(
        "title='",
        'title="',
        "'",
        '"',
        ">",
        "<",
        "=",
        "/",
        "`",
        "&quot;",
        "&lt;",
        "&#x3c;",
        "<!--",
        "-->",
        "--!>",
        "]]>",
    ),
    *("onerror=alert(1)", "<script>alert(1)</script>", "javascript:alert(1)", "\x00", "\x0c", "\u2028", "color:#000;"),
    *("<body onload=alert(1)>", "<ruby><rt>", "<li value=", "<ol start=", "<font color=", "<dl><dt>", "x" * 30, " "),
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_it_keeps_clean_html_clean_through_every_later_step(pieces):
    first = shown("".join(pieces))
    assert not dangers(first, CLEAN)
    assert not dangers(shown(first), CLEAN), "what is clean stays so when it is read again"


def test_it_counts_on_attributes_that_hold_no_angle_brackets():
    """`quotes` and `colours` work on text: a `<` inside an attribute would make them write out of it."""
    tricky = (
        '<p title="</summary></details>">Words of my own, long enough</p><blockquote title="><img src=x onerror=y>">z'
    )
    assert "&lt;/summary&gt;" in shown(tricky)
    assert not dangers(shown(tricky), CLEAN)


@pytest.mark.parametrize(
    "page",
    [
        "<script>alert(1)</script>",
        "<script src=//evil.example></script>",
        "<img src=x onerror=alert(1)>",
        "<a href='java\tscript:alert(1)'>x</a>",
        "<a href=' data:text/html,x'>x</a>",
        "<iframe srcdoc='<script>'></iframe>",
        "<form action=//evil.example></form>",
        "<svg><a xlink:href='javascript:alert(1)'>x</a></svg>",
        "<link rel=stylesheet href=//evil.example>",
        "<base href=/\\evil.example>",
        "<button formaction='vbscript:x'>x</button>",
    ],
)
def test_it_would_see_a_payload_that_got_through(page):
    assert dangers(page)


def letter(number: int, take) -> bytes:
    """A message with strangers' text in every place of it."""
    return compose.build(
        Draft(
            sender=HeaderAddress(take(), "bob@hamburger.edu"),
            to=[HeaderAddress("Alice", "alice@crepes.fr"), *people(take, 80)],
            cc=people(take, 80),
            bcc=[],
            subject=take(),
            text="\r\n".join(f"{take()} https://ok.example/{number}" for _ in range(180)),
            html=f"<p>{take()}</p>{take()}<img src=https://spy.example/x>" if number % 2 else None,
            attachments=[
                Attachment(name=take() or "x", type=kind, data=b"x", content_id="")
                for kind in ("image/png", "text/html", "application/pdf", "text/calendar", "message/rfc822", "text/csv")
            ],
            in_reply_to="",
            references=[],
            message_id=f"letter{number}@hamburger.edu",
            date=datetime(2026, 11, 1, 10, number % 60, tzinfo=UTC),
            receipt=True,
            keep_bcc=False,
        )
    )


def people(take, number: int) -> list[HeaderAddress]:
    return [HeaderAddress(take(), f"p{index}@hamburger.edu") for index in range(number)]


def calendar(take) -> bytes:
    lines = [f"{name}:{take()}" for name in ("SUMMARY", "LOCATION", "DESCRIPTION", "UID")]
    lines += [f"ORGANIZER;CN={take()}:mailto:bob@hamburger.edu", f'ATTENDEE;CN="{take()}":mailto:{take()}']
    lines += ["DTSTART:20261201T100000Z", "DTEND:20261201T110000Z", f"URL:{take()}"]
    body = "\r\n".join(["BEGIN:VCALENDAR", "METHOD:REQUEST", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", ""])
    top = "From: bob@hamburger.edu\r\nTo: alice@crepes.fr\r\nSubject: Meeting\r\nMIME-Version: 1.0\r\n"
    return f"{top}Content-Type: text/calendar; charset=utf-8; method=REQUEST\r\n\r\n{body}".encode("utf-8", "replace")


def pages(account, raws: list[bytes]) -> dict[str, str]:
    """Every page that shows these messages of the account, by what it is."""
    inbox = mailboxes.by_use(account.pk, "inbox")
    for raw in raws:
        messages.append(account_id=account.pk, mailbox_id=inbox.pk, raw=raw)
    browser, found = signed_in(account), {}
    ids = list(MailboxMessage.objects.filter(mailbox=inbox).values_list("message_id", "thread_id"))
    urls = {"list": "/", "search": "/search/?q=from:bob", "starred": "/starred/", "folders": "/folders/"}
    urls |= {f"conversation {one}": f"/mail/{inbox.pk}/{thread}/" for one, thread in ids}
    for one, _ in ids:
        kinds = ("frame", "source", "path", "reply-all", "forward", "card")
        urls |= {f"{kind} {one}": f"/message/{one}/{kind}/" for kind in kinds}
    for name, url in urls.items():
        answer = browser.get(url)
        assert answer.status_code == 200, url
        found[name] = answer.content.decode()
    return found


@pytest.mark.slow
@corpora.needed
def test_it_shows_every_payload_as_text_on_every_page(alice, charlie):
    words = itertools.cycle(["Crêpe night", "on Saturday"])
    letters = [letter(number, lambda: next(words)) for number in range(4)]
    honest = shape(*pages(charlie, [*letters, calendar(lambda: "Night")]).values())
    left = iter(payloads())
    raws = [letter(number, lambda: next(left, "").replace("\x00", "")) for number in range(20)]
    raws += [calendar(lambda: next(left, "").replace("\x00", "")) for _ in range(4)]
    found = pages(alice, raws)
    bad = {
        name: problems
        for name, page in found.items()
        if (problems := dangers(page, honest | CLEAN if name.startswith("frame") else honest))
    }
    assert not bad
    assert len(found) > 150
    assert next(left, None) is None, "every payload was somewhere"
