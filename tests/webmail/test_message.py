"""The frame, the files and the original of a message."""

from __future__ import annotations

import io
import re
import zipfile
from base64 import b64encode

import pytest
from django.test import Client

from mailserver.net import fetch
from tests.support.mail import delivered, message
from tests.webmail.reading import PNG, address, html_message, only, page, signed_in, texts, with_parts
from webmail.rendering import frames

ATTACHED = "Content-Disposition: attachment; filename="


def frame(account, html: str, **query: str):
    place = delivered(account, html_message(html))
    return signed_in(account).get(f"/message/{place.message_id}/frame/", query)


def test_it_cleans_the_html_and_forbids_the_frame_everything(alice):
    response = frame(alice, '<p onclick="x()">Hi</p><script>x()</script><img src="https://x.example/pixel">')
    text = response.content.decode()
    assert "<script" not in text
    assert "onclick" not in text
    assert "x.example" not in text
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src http://testserver/picture/ data:;")
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "script" not in policy
    assert "same-origin" not in policy
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_it_sends_pictures_from_elsewhere_through_the_proxy(alice, monkeypatch):
    text = frame(alice, '<img src="https://x.example/a.png?id=7">', images="1").content.decode()
    url = re.search(r'src="(/picture/elsewhere/[^"]+)"', text)[1]
    asked = []
    monkeypatch.setattr(fetch, "image", lambda url: asked.append(url) or fetch.Image("image/png", PNG))
    response = Client().get(url)
    assert (response.content, response.headers["Content-Type"]) == (PNG, "image/png")
    assert asked == ["https://x.example/a.png?id=7"]


def test_it_shows_no_picture_that_the_guard_refuses(alice):
    url = frames.remote_url("http://127.0.0.1/secret")
    assert Client().get(url).status_code == 502
    assert Client().get(url[:-5] + "xxxx/").status_code == 404


def test_it_shows_inline_pictures_without_a_session(alice):
    raw = with_parts(
        ("Content-Type: text/html", '<img src="cid:pan@x">'),
        (
            "Content-Type: image/png\r\nContent-ID: <pan@x>\r\nContent-Transfer-Encoding: base64",
            b64encode(PNG).decode(),
        ),
    )
    place = delivered(alice, raw)
    text = signed_in(alice).get(f"/message/{place.message_id}/frame/").content.decode()
    response = Client().get(re.search(r'src="(/picture/[^"]+)"', text)[1])
    assert (response.content, response.headers["Content-Type"]) == (PNG, "image/png")
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_it_shows_nothing_as_a_picture_that_is_none(alice):
    raw = with_parts(("Content-Type: image/png; name=a.png\r\n" + ATTACHED + "a.png", "<svg onload=alert(1)>"))
    place = delivered(alice, raw)
    assert Client().get(frames.picture_url(place.message_id, "1")).status_code == 415


def test_it_keeps_a_message_without_colours_in_the_theme_and_the_others_on_their_sheet(alice):
    plain = frame(alice, '<p style="color:#333">Ink</p><p style="color:#777">soft</p>').content.decode()
    assert "coloured" not in re.search(r"<html[^>]*>", plain)[0]
    assert "color:#333" not in plain
    painted = frame(alice, '<div style="background:#fff"><p style="color:#333">Ink</p></div>').content.decode()
    assert "coloured" in re.search(r"<html[^>]*>", painted)[0]


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ("application/pdf", "application/pdf"),
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("application/x-msdownload", "application/octet-stream"),
    ],
)
def test_it_gives_attachments_to_save_and_never_to_run(alice, declared, told):
    place = delivered(alice, with_parts((f"Content-Type: {declared}\r\n{ATTACHED}a.bin", "<script>x</script>")))
    response = signed_in(alice).get(f"/message/{place.message_id}/attachment/1/")
    assert response.content == b"<script>x</script>"
    assert response.headers["Content-Type"] == told
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_it_gives_names_without_tricks(alice):
    raw = with_parts(("Content-Type: application/pdf\r\n" + ATTACHED + '"../../\u202efdp.exe"', "x")).decode()
    place = delivered(alice, raw.encode())
    response = signed_in(alice).get(f"/message/{place.message_id}/attachment/1/")
    assert response.headers["Content-Disposition"] == 'attachment; filename="fdp.exe"'


def test_it_shows_attachments_as_cards_and_packs_them(alice):
    raw = with_parts(
        ("Content-Type: text/plain", "See below"),
        (f"Content-Type: application/pdf\r\n{ATTACHED}menu.pdf", "pdf"),
        (f"Content-Type: application/pdf\r\n{ATTACHED}menu.pdf", "other"),
    )
    place, browser = delivered(alice, raw), signed_in(alice)
    tree = page(browser.get(address(place)))
    assert texts(tree, ".file .name") == ["menu.pdf 3 bytes", "menu.pdf 5 bytes"]
    packed = browser.get(only(tree, ".files header a").attributes["href"])
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"menu.pdf": b"pdf", "2-menu.pdf": b"other"}


def test_it_shows_and_gives_the_original(alice):
    raw = message(body="<b>octets</b>\r\n")
    place, browser = delivered(alice, raw), signed_in(alice)
    source = only(page(browser.get(f"/message/{place.message_id}/source/")), "pre").text()
    assert "Subject: Crêpe night" in source
    assert "<b>octets</b>" in source
    assert source.startswith("Return-Path:") or "Received:" in source
    saved = browser.get(f"/message/{place.message_id}/download/")
    assert saved.content.endswith(raw)
    assert "Cr%C3%AApe%20night.eml" in saved.headers["Content-Disposition"]


@pytest.mark.parametrize(
    "path", ["frame/", "source/", "download/", "card/", "attachment/1/", "attachments.zip", "star/"]
)
def test_it_hides_messages_of_others(alice, charlie, path):
    place, stranger = delivered(alice), signed_in(charlie)
    url = f"/message/{place.message_id}/{path}"
    response = stranger.post(url) if path == "star/" else stranger.get(url)
    assert response.status_code == 404
    assert signed_in(alice).get("/message/999999/frame/").status_code == 404


def test_it_answers_404_for_a_part_that_is_not_there(alice):
    place = delivered(alice)
    assert signed_in(alice).get(f"/message/{place.message_id}/attachment/7.7/").status_code == 404
