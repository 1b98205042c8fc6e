"""Words no programmer expects, and line ends where a header field would break: shown back as they are, or refused."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import HTTP

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from mailserver.errors import AlreadyExists, InvalidName
from mailserver.mail import charset, compose, names
from mailserver.mail.addresses import HeaderAddress
from mailserver.mail.compose import Attachment, Draft
from mailserver.services import accounts, mailboxes, messages
from mailserver.store.models import Account, Mailbox, Message, QueueEntry
from tests.support import corpora
from tests.webmail.markup import dangers
from tests.webmail.reading import page, signed_in, texts
from tests.webmail.writing import drafts_of, fields
from webmail import sending
from webmail.forms.account import AccountForm
from webmail.forms.folder import FolderForm

BREAKS = ["\r\n", "\n", "\r", "\x00", "\r\n\t", "x\r\n\r\n<script>alert(1)</script>"]
EVIL = "Bcc: charlie@hamburger.edu"


def folded(words: str) -> str:
    """Blanks as a page shows them."""
    return " ".join(charset.storable(words).split())


@pytest.fixture
def _nothing_leaves(db, monkeypatch):
    def refuse(**_):
        raise AssertionError("it was sent")

    monkeypatch.setattr(sending, "send", refuse)
    yield
    assert not QueueEntry.objects.exists()


@pytest.mark.usefixtures("_nothing_leaves")
@pytest.mark.parametrize("name", ["to", "cc", "bcc", "subject", "sender", "source", "draft"])
def test_it_says_at_the_field_that_a_line_cannot_break(alice, name):
    browser = signed_in(alice)
    for broken in BREAKS:
        for value in (
            f"{broken}{EVIL}",
            f"Bob{broken}{EVIL}",
            f"bob@hamburger.edu{broken}",
            f'"Bob{broken}" <bob@x.fr>',
        ):
            for path in ("/compose/send/", "/compose/save/"):
                answer = browser.post(path, fields(**{name: value, "confirmed": "1"}))
                assert answer.status_code == 422, (name, value)
                assert re.search(r'class="(?:error|notice bad)"', answer.content.decode())
                assert not dangers(answer.content.decode())
    assert not drafts_of(alice)
    report = browser.post("/compose/save/", fields(**{name: f"a\r\n{EVIL}"}), headers={"Accept": "application/json"})
    assert report.status_code == 422
    assert report.json()["errors"]


@pytest.mark.usefixtures("_nothing_leaves")
@pytest.mark.parametrize("name", ["a%0D%0ABcc: x", "a%0Ab.txt", "a%00.txt", "a%0D.txt"])
@pytest.mark.parametrize("kind", ["text/plain", "text/plain; x=y", "text/plain\r\nX-Evil: 1", "x" * 300, ""])
def test_it_lets_no_file_name_or_type_write_header_lines(alice, name, kind):
    """`filename*=` can hold every octet; a browser without manners sends it."""
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields().items()
    ]
    disposition = f"Content-Disposition: form-data; name=\"uploads\"; filename*=utf-8''{name}"
    parts.append(f"--b\r\n{disposition}\r\nContent-Type: {kind}\r\n\r\nhello\r\n--b--\r\n")
    answer = signed_in(alice).generic(
        "POST", "/compose/save/", "".join(parts).encode(), content_type="multipart/form-data; boundary=b"
    )
    assert answer.status_code in (302, 422)
    for entry in drafts_of(alice):
        raw = messages.raw(entry.message)
        assert b"\nBcc:" not in raw.replace(b"\nBcc: \r\n", b"")
        assert b"X-Evil" not in raw
        assert b"\x00" not in raw
        assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")


@pytest.mark.parametrize("broken", BREAKS)
def test_it_makes_no_folder_with_a_broken_name(alice, broken):
    before = Mailbox.objects.count()
    answer = signed_in(alice).post("/folders/new/", {"path": f"House{broken}x"})
    assert answer.status_code == 400
    assert texts(page_of(answer), "#path-errors")
    assert Mailbox.objects.count() == before


@pytest.mark.parametrize("broken", BREAKS)
def test_it_makes_no_account_or_alias_with_a_broken_address(alice, broken):
    Account.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    browser, before = signed_in(Account.objects.get(pk=alice.pk)), Account.objects.count()
    good = {"address": "mallory@crepes.fr", "name": "Mallory", "password": "buckwheat and cider"}
    for wrong in ({"address": f"mal{broken}lory@crepes.fr"}, {"name": f"Mal{broken}lory"}):
        answer = browser.post("/admin/store/account/add/", {**good, **wrong})
        assert "errors" in answer.content.decode()
        assert Account.objects.count() == before
    for wrong in (
        {"address": f"ali{broken}as@crepes.fr", "account": alice.address},
        {"address": f"a@crepes{broken}.fr"},
    ):
        assert "errors" in browser.post("/admin/store/address/add/", wrong).content.decode()
    assert "errors" in browser.post("/admin/store/domain/add/", {"name": f"x{broken}.fr"}).content.decode()


def page_of(answer):
    answer.status_code = 200
    return page(answer)


@pytest.mark.slow
@corpora.needed
def test_it_keeps_or_refuses_every_naughty_string_in_a_draft(alice):
    words, browser = corpora.naughty(), signed_in(alice)
    kept = 0
    for start in range(0, len(words), 5):
        subject, to, cc, text, file = (*words, *words)[start : start + 5]
        given = fields(to=f"{to} <bob@hamburger.edu>", cc=cc, subject=subject, text=text)
        upload = SimpleUploadedFile(f"{file.replace('/', '_')[:200]}.txt", b"x", content_type="text/plain")
        answer = browser.post("/compose/save/", {**given, "uploads": upload})
        assert answer.status_code in (302, 422), words[start : start + 5]
        if answer.status_code == 302:
            kept += 1
            shown = browser.get(answer.headers["Location"])
            tree = page(shown)
            assert not dangers(shown.content.decode())
            assert folded(tree.css_first("input[name=subject]").attributes["value"] or "") == folded(subject)
            assert folded(tree.css_first("textarea[name=text]").text()) == folded(text)
    assert kept > 90


@pytest.mark.slow
@corpora.needed
def test_it_makes_or_refuses_a_folder_for_every_naughty_string(alice):
    browser, words = signed_in(alice), corpora.naughty()
    for word in words[::8]:
        assert browser.post("/folders/new/", {"path": word}).status_code in (302, 400), word
    for word in words:
        form = FolderForm({"path": word})
        if form.is_valid():
            with suppress(InvalidName, AlreadyExists):
                mailboxes.create(account_id=alice.pk, path=form.cleaned_data["path"])
    made = {box.name for box in mailboxes.list_for(alice.pk) if not box.special_use}
    assert len(made) > 150
    whole = browser.get("/folders/")
    assert not dangers(whole.content.decode())
    shown = {folded(text) for text in texts(page(whole), ".labels [dir=auto]")}
    assert {folded(name) for name in made} <= shown


@pytest.mark.slow
@corpora.needed
def test_it_takes_or_refuses_every_naughty_string_as_a_name(alice):
    browser = signed_in(alice)
    looks = {"theme": "system", "density": "comfortable", "time_zone": "UTC"}
    for number, word in enumerate(corpora.naughty()):
        form = AccountForm({"name": word, **looks}, instance=alice)
        if form.is_valid():
            accounts.set_preferences(account_id=alice.pk, **form.cleaned_data)
            assert Account.objects.get(pk=alice.pk).name == word.strip()
        if number % 16 == 0:
            assert browser.post("/account/", {"name": word, **looks}).status_code in (302, 400), word
            for path in ("/account/", "/compose/"):
                answer = browser.get(path)
                assert answer.status_code == 200
                assert not dangers(answer.content.decode())


def attached(account: Account, file_names: list[str]) -> Message:
    raw = compose.build(
        Draft(
            sender=HeaderAddress("Bob", "bob@hamburger.edu"),
            to=[HeaderAddress("", "alice@crepes.fr")],
            cc=[],
            bcc=[],
            subject="Files",
            text="Files",
            html=None,
            attachments=[Attachment(name=name, type="text/html", data=b"<b>", content_id="") for name in file_names],
            in_reply_to="",
            references=[],
            message_id="files@hamburger.edu",
            date=datetime(2026, 11, 23, tzinfo=UTC),
            receipt=False,
            keep_bcc=False,
        )
    )
    filed = messages.append(account_id=account.pk, mailbox_id=mailboxes.by_use(account.pk, "inbox").pk, raw=raw)
    return Message.objects.get(pk=filed.message_id)


TRICKS = [
    *(
        "../../etc/passwd",
        "..\\..\\boot.ini",
        "a/b\\c.txt",
        "/etc/passwd",
        "C:\\x.exe",
        "....//x",
        "con.txt",
        ".htaccess",
    ),
    *(
        "photo\u202egnp.exe",
        "a\u2066b\u2069.txt",
        "a\u200b.txt",
        "\ufeffa.txt",
        "a\x1b[2J.txt",
        'a";x="b.txt',
        "a\tb.txt",
    ),
    *("a;b.txt", "a%0d%0aX-Evil: 1.txt", "=?utf-8?q?a?=.txt", "é" * 300 + ".pdf", "x" * 400, ".", "..", " ", "a.html"),
]


@pytest.mark.slow
@corpora.needed
def test_it_gives_every_file_a_name_that_does_no_harm(alice):
    words = [word for word in (*TRICKS, *corpora.naughty()) if word.strip() and not set("\r\n\x00") & set(word)]
    browser = signed_in(alice)
    for start in range(0, len(words), 100):
        message = attached(alice, words[start : start + 100])
        for _, _, _, section in message.attachments:
            headers = browser.get(f"/message/{message.pk}/attachment/{section}/").headers
            name = file_name(headers["Content-Disposition"])
            assert name
            assert len(name) <= names.MAX_FILE_NAME
            assert not set('/\\:*?"<>|') & set(name)
            assert not name.startswith(".")
            assert not [char for char in name if unicodedata.category(char) in ("Cc", "Zl", "Zp") or is_bidi(char)]
            assert headers["Content-Type"] == "application/octet-stream"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def file_name(disposition: str) -> str:
    """RFC 6266: `filename*` before `filename`."""
    assert disposition.isascii()
    assert disposition.isprintable()
    assert disposition.startswith("attachment; filename")
    field = EmailMessage(policy=HTTP)
    field["Content-Disposition"] = disposition
    return str(field["Content-Disposition"].params["filename"])


def is_bidi(char: str) -> bool:
    return unicodedata.bidirectional(char) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def test_it_downloads_a_message_under_a_name_that_does_no_harm(alice):
    raw = b"From: bob@hamburger.edu\r\nSubject: =?utf-8?b?Li4vLi4vYQ0KWC1FdmlsOiAx4oCu?=\r\n\r\nHi\r\n"
    filed = messages.append(account_id=alice.pk, mailbox_id=mailboxes.by_use(alice.pk, "inbox").pk, raw=raw)
    for path in ("download/", "attachments.zip"):
        headers = signed_in(alice).get(f"/message/{filed.message_id}/{path}").headers
        assert not set("/\\\u202e\r\n") & set(file_name(headers["Content-Disposition"]))
        assert "X-Evil" not in headers
