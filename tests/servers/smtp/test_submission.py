from __future__ import annotations

import pytest

from mailserver.services import accounts, login, mailboxes, messages
from mailserver.store.models import Mailbox, MailboxMessage, QueueEntry, QueueRecipient
from mailserver.store.models.mailbox import Flag
from tests.support.dialogue import Dialogue, base64
from tests.support.people import PASSWORD

MESSAGE = ["From: Alice <alice@crepes.fr>", "To: bob@hamburger.edu", "Bcc: dora@outside.example", "", "Hi", "."]


@pytest.fixture
def client(ports, connect, alice) -> Dialogue:
    client = connect(ports.submissions, encrypted=True)
    client.ask(f"AUTH PLAIN {base64(f'{chr(0)}alice@crepes.fr{chr(0)}{PASSWORD}')}", "235 .*")
    return client


def test_it_queues_mail_for_anybody(client, bob):
    client.ask("MAIL FROM:<alice@crepes.fr> SIZE=200 AUTH=<>", r"250 2\.1\.0 .*")
    client.ask("RCPT TO:<bob@hamburger.edu>", r"250 2\.1\.5 .*")
    client.ask("RCPT TO:<dora@outside.example>", r"250 .*")
    client.ask("DATA", "354 .*")
    client.send(*MESSAGE)
    said = client.expect(r"250 2\.0\.0 Queued as [A-Z2-7]{12}")
    entry = QueueEntry.objects.get(reference=said.split()[-1])
    assert QueueRecipient.objects.filter(entry=entry).count() == 2
    assert b"with ESMTPSA (TLSv1.3" in bytes(entry.prefix)
    assert entry.sent_copy is None


@pytest.mark.parametrize("sender", ["bob@hamburger.edu", "charlie@outside.example", "postmaster@crepes.fr"])
def test_it_refuses_the_sender_of_another(client, bob, sender):
    client.ask(f"MAIL FROM:<{sender}>", r"553 5\.7\.1 The sender .*")


@pytest.mark.parametrize("author", ["bob@hamburger.edu", "Alice <bob@hamburger.edu>", "ceo@crepes.fr"])
def test_it_refuses_the_from_of_another(client, bob, author):
    client.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    client.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    client.ask("DATA", "354 .*")
    client.send(f"From: {author}", "", "Hi", ".")
    client.expect(r"553 5\.7\.1 The From .*")
    assert not QueueEntry.objects.exists()


def test_it_tells_of_unknown_people_of_our_own_domains(client, bob):
    client.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    client.ask("RCPT TO:<nobody@hamburger.edu>", r"550 5\.1\.1 .*")
    client.ask("RCPT TO:<victim@outside.example@hamburger.edu>", r"501 5\.1\.3 .*")
    client.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")


def test_it_takes_500_recipients(client):
    client.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    client.send(*(f"RCPT TO:<u{number}@outside.example>" for number in range(501)))
    for _ in range(500):
        client.expect("250 .*")
    client.expect(r"452 4\.5\.3 .*")


def test_a_token_of_the_page_turns_the_draft_into_a_sent_message(ports, connect, alice, bob):
    drafts = mailboxes.by_use(alice.pk, Mailbox.Use.DRAFTS)
    raw = "\r\n".join(MESSAGE[:-1]).encode() + b"\r\n"
    filed = messages.append(account_id=alice.pk, mailbox_id=drafts.pk, raw=raw, flags=Flag.DRAFT)
    token = login.issue_token(account_id=alice.pk, draft=(drafts.pk, filed.uid))
    client = connect(ports.submissions, encrypted=True)
    claim = base64(f"n,a=alice@crepes.fr,\x01auth=Bearer {token}\x01\x01")
    client.ask(f"AUTH OAUTHBEARER {claim}", "235 .*")
    for expected in (r"250 2\.0\.0 Queued as .*", r"554 5\.5\.0 This draft was sent .*"):
        client.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
        client.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
        client.ask("DATA", "354 .*")
        client.send(*MESSAGE)
        client.expect(expected)
    folders = MailboxMessage.objects.filter(account=alice).values_list("mailbox__special_use", flat=True)
    assert list(folders) == ["sent"]
    assert QueueEntry.objects.get().sent_copy is not None


def test_it_refuses_lone_line_ends_here_too(client, bob):
    client.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    client.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    client.ask("DATA", "354 .*")
    client.push(b"From: alice@crepes.fr\n\nHi\r\n.\r\n")
    client.expect(r"550 5\.6\.11 .*")


def test_a_session_ends_with_the_password(client, alice):
    client.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    client.ask("RSET", "250 .*")
    accounts.set_password(account_id=alice.pk, password="galettes and cider")
    client.ask("MAIL FROM:<alice@crepes.fr>", r"421 4\.7\.0 Your password or account has changed, sign in again")
    client.expect_end()
