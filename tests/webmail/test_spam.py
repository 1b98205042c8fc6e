"""Why a message is in the folder for spam, as the page says it."""

from __future__ import annotations

from mailserver.mail.spam.judgement import Reason
from mailserver.services import mailboxes, messages
from mailserver.services.inbound import Delivery, Incoming
from mailserver.services.recipients import Local
from tests.support.mail import delivered, message, taken
from tests.webmail.reading import address, only, page, signed_in, texts


def judged(account, *reasons: Reason, raw: bytes = b"") -> Delivery:
    """A message that the MX judged so."""
    people = (Local(account.pk, account.address),)
    incoming = Incoming(raw=raw or message(), sender="bob@hamburger.edu", recipients=people, found=reasons)
    return taken(incoming).deliveries[0]


def test_it_says_why_a_message_is_in_spam(alice):
    listed = Reason("blocklist x", 4.0, "The server is on the blocklist x.")
    place = judged(
        alice, listed, Reason("rspamd", 2.5, "rspamd: <b>bad</b>\u202e."), Reason("y", -1.0, "You know them.")
    )
    tree = page(signed_in(alice).get(address(place)))
    assert only(tree, ".msg .why summary").text().strip() == "Why is this here?"
    lines = [" ".join(text.split()) for text in texts(tree, ".msg .why li")]
    assert lines[0] == "The server is on the blocklist x. +4"
    assert lines[1].startswith("rspamd: <b>bad</b>")
    assert "\u202e" not in lines[1]
    assert lines[2] == "You know them. \u22121"
    assert only(tree, ".msg .why p").text() == "5.5 points; from 5 on it is spam."
    assert "Spam?" not in only(tree, ".everybody .pop").text()


def test_it_says_so_when_the_reader_called_it_spam(alice):
    place = judged(alice, Reason("x", 1.0, "Something."))
    client = signed_in(alice)
    before = page(client.get(address(place)))
    assert not texts(before, ".msg .why")
    assert "1 point; from 5 on it is spam. Something." in only(before, ".everybody .pop").text()
    junk = mailboxes.by_use(alice.pk, "junk").pk
    moved = messages.move(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid], target_id=junk)
    thread = address(place).rstrip("/").split("/")[-1]
    tree = page(client.get(f"/mail/{junk}/{thread}/"))
    assert [text.strip() for text in texts(tree, ".msg .why li")] == ["You called it spam."]
    messages.move(account_id=alice.pk, mailbox_id=junk, uids=[moved[0].uid], target_id=place.mailbox_id)
    assert not texts(page(client.get(address(place))), ".msg .why")


def test_it_says_nothing_of_mail_nobody_judged(alice):
    tree = page(signed_in(alice).get(address(delivered(alice))))
    assert not texts(tree, ".msg .why")
    assert "Spam?" not in only(tree, ".everybody .pop").text()
