"""What a program does with the mail: the textbook's session, numbers that never shift, and changes only at QUIT."""

from __future__ import annotations

import pytest

from mailserver.services import maildrop, messages
from mailserver.store import blobs
from mailserver.store.models import Account, MailboxMessage, MaildropLease
from mailserver.store.models.mailbox import Flag
from tests.support.dialogue import Dialogue
from tests.support.pop3 import Pop3, all_gone, delivered, flags, inbox, lines, listed, message, sign_in, uids


def octets(account: Account) -> list[bytes]:
    """The messages of the Inbox, oldest first."""
    entries = MailboxMessage.objects.filter(mailbox=inbox(account)).order_by("uid").select_related("message")
    return [messages.raw(entry.message) for entry in entries]


def whole(text: list[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in text).encode()


def hang_up(client: Dialogue, ports: Pop3) -> None:
    client.socket.close()
    all_gone(ports)


def test_the_session_of_the_textbook(session, reader):
    """Kurose and Ross, 2.3.4: list, retr, dele, quit, in download-and-delete mode."""
    delivered(reader, body="blah blah ...\r\n.........blah\r\n")
    delivered(reader, body="blah\r\n.\r\n..\r\n")
    first, second = octets(reader)
    client = session()
    assert listed(client, "list") == [f"1 {len(first)}", f"2 {len(second)}"]
    for number, content in ((1, first), (2, second)):
        client.ask(f"retr {number}", rf"\+OK {len(content)} octets")
        assert whole(lines(client)) == content
        client.ask(f"dele {number}", r"\+OK .*")
    client.ask("quit", r"\+OK Bye")
    client.expect_end()
    assert uids(reader) == []


def test_it_counts_what_is_there(session, reader):
    for _ in range(3):
        delivered(reader)
    sizes = [len(content) for content in octets(reader)]
    client = session()
    client.ask("STAT", rf"\+OK 3 {sum(sizes)}")
    client.ask("LIST 2", rf"\+OK 2 {sizes[1]}")
    client.ask("DELE 2", r"\+OK .*")
    client.ask("STAT", rf"\+OK 2 {sizes[0] + sizes[2]}")
    assert listed(client, "LIST") == [f"1 {sizes[0]}", f"3 {sizes[2]}"]
    assert [line.split()[0] for line in listed(client, "UIDL")] == ["1", "3"]
    client.ask("RSET", r"\+OK .*")
    client.ask("STAT", rf"\+OK 3 {sum(sizes)}")


def test_an_empty_inbox_has_empty_lists(session):
    client = session()
    client.ask("STAT", r"\+OK 0 0")
    assert listed(client, "LIST") == []
    assert listed(client, "UIDL") == []
    client.ask("RETR 1", "-ERR No such message")
    client.ask("QUIT", r"\+OK .*")


def test_its_unique_ids_stay_and_are_never_used_again(session, reader):
    for _ in range(2):
        delivered(reader)
    client = session()
    before = listed(client, "UIDL")
    assert before == [f"{number} {inbox(reader).uidvalidity}.{number}" for number in (1, 2)]
    client.ask("UIDL 2", rf"\+OK {before[1]}")
    client.ask("DELE 2", r"\+OK .*")
    client.ask("QUIT", r"\+OK .*")
    delivered(reader)
    after = listed(session(), "UIDL")
    assert after == [before[0], f"2 {inbox(reader).uidvalidity}.3"]


@pytest.mark.parametrize("command", ["LIST", "UIDL", "RETR", "DELE", "TOP"])
def test_it_knows_no_message_that_is_not_there_or_deleted(session, reader, command):
    delivered(reader)
    client = session()
    lines_wanted = " 0" if command == "TOP" else ""
    for number in ("0", "2", "99999999999999999999999", "9" * 400):
        client.ask(f"{command} {number}{lines_wanted}", "-ERR No such message")
    for number in ("-1", "1.0", "one", "+1", "\u0661", "1 2 3"):
        client.ask(f"{command} {number}{lines_wanted}", "-ERR The command has other arguments")
    client.ask("DELE 1", r"\+OK .*")
    client.ask(f"{command} 1{lines_wanted}", "-ERR This message is marked as deleted")


def test_it_shows_the_top(session, reader):
    delivered(reader, body="one\r\n.two\r\n\r\nfour\r\n")
    header, _, body = octets(reader)[0].partition(b"\r\n\r\n")
    client = session()
    for count in (0, 1, 3, 4, 5, 10**30):
        client.ask(f"TOP 1 {count}", r"\+OK .*")
        text = body.splitlines(keepends=True)[: min(count, 9)]
        assert whole(lines(client)) == header + b"\r\n\r\n" + b"".join(text)
    client.ask("QUIT", r"\+OK .*")
    assert flags(reader) == [0]


def test_what_was_read_is_marked_at_the_end(session, reader):
    for _ in range(3):
        delivered(reader)
    client = session()
    for number in (1, 3):
        client.ask(f"RETR {number}", r"\+OK .*")
        lines(client)
    assert flags(reader) == [0, 0, 0]
    client.ask("DELE 3", r"\+OK .*")
    client.ask("QUIT", r"\+OK .*")
    assert flags(reader) == [Flag.SEEN, 0]
    assert inbox(reader).unseen == 1


def test_a_dropped_connection_changes_nothing(session, ports, reader):
    delivered(reader)
    client = session()
    client.ask("RETR 1", r"\+OK .*")
    lines(client)
    client.ask("DELE 1", r"\+OK .*")
    hang_up(client, ports)
    assert (uids(reader), flags(reader)) == ([1], [0])
    assert not MaildropLease.objects.exists()
    session().ask("STAT", r"\+OK 1 .*")


def test_a_second_session_waits_until_the_first_is_over(session, connect, ports, reader, bob):
    first, second = session(), connect()
    sign_in(second, reader.address, expected=r"-ERR \[IN-USE\] Another session has this mailbox")
    second.ask("STAT", "-ERR Sign in first")
    Account.objects.filter(pk=bob.pk).update(pop3=True)
    sign_in(connect(), bob.address)
    first.ask("QUIT", r"\+OK .*")
    sign_in(second, reader.address)


def test_a_lease_that_nobody_renews_runs_out(session, connect, reader):
    """The process of the first session is gone; nobody asks it."""
    delivered(reader)
    first = session()
    first.ask("DELE 1", r"\+OK .*")
    MaildropLease.objects.update(until="2026-01-01T00:00Z")
    second = session()
    first.ask("QUIT", r"-ERR \[IN-USE\] Another session has taken this mailbox; nothing was deleted")
    first.expect_end()
    assert uids(reader) == [1]
    second.ask("DELE 1", r"\+OK .*")
    second.ask("QUIT", r"\+OK .*")
    assert uids(reader) == []


def test_others_go_on_meanwhile_and_the_session_does_not_see_it(session, reader):
    """Deliveries and other programs are not kept waiting; numbers do not shift."""
    for _ in range(3):
        delivered(reader)
    contents = octets(reader)
    client = session()
    box = inbox(reader)
    messages.expunge(account_id=reader.pk, mailbox_id=box.pk, uids=[1])
    delivered(reader)
    client.ask("STAT", rf"\+OK 3 {sum(map(len, contents))}")
    # What another program has deleted can be read until the session is over.
    client.ask("RETR 1", r"\+OK .*")
    assert whole(lines(client)) == contents[0]
    client.ask("DELE 1", r"\+OK .*")
    client.ask("DELE 2", r"\+OK .*")
    client.ask("QUIT", r"\+OK .*")
    assert uids(reader) == [3, 4]


def test_pages_hear_of_it(session, reader):
    delivered(reader)
    before = inbox(reader)
    client = session()
    client.ask("DELE 1", r"\+OK .*")
    assert inbox(reader).highestmodseq == before.highestmodseq
    client.ask("QUIT", r"\+OK .*")
    after = inbox(reader)
    assert after.highestmodseq > before.highestmodseq
    assert (after.total, after.unseen, after.size) == (0, 0, 0)


def test_it_takes_commands_in_one_packet(session, reader):
    for _ in range(2):
        delivered(reader)
    contents = octets(reader)
    client = session()
    client.send("STAT", "RETR 1", "DELE 1", "RETR 2", "NOOP", "QUIT")
    client.expect(r"\+OK 2 \d+")
    for content in contents:
        client.expect(r"\+OK .* octets")
        assert whole(lines(client)) == content
        client.expect(r"\+OK .*")
    client.expect(r"\+OK Bye")
    client.expect_end()
    assert uids(reader) == [2]


def test_it_sends_large_messages_in_slices(session, reader, monkeypatch):
    body = "".join(f"{'.' * (number % 3)}line {number}\r\n" for number in range(40_000))
    raw = message(body=body)
    delivered(reader, raw)
    lengths = []
    read = blobs.read_slice

    def watched(blob_id, start, length):
        lengths.append(length)
        return read(blob_id, start, length)

    monkeypatch.setattr(blobs, "read_slice", watched)
    client = session()
    client.ask("RETR 1", r"\+OK .*")
    assert whole(lines(client)) == octets(reader)[0]
    assert set(lengths[:8]) == {maildrop.SLICE}
    lengths.clear()
    client.ask("TOP 1 3", r"\+OK .*")
    lines(client)
    assert lengths == [maildrop.SLICE]


def test_it_shows_a_body_in_utf8_as_it_is(session, reader):
    raw = message(body="Été\r\n")
    delivered(reader, raw)
    client = session()
    client.ask("RETR 1", r"\+OK .*")
    assert whole(lines(client)).endswith(raw)
