"""Imports from a real IMAP server that is not ours."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from mailserver.errors import AlreadyExists
from mailserver.net.remote_trouble import RemoteTrouble
from mailserver.services import external, external_record, external_run, mailboxes, messages
from mailserver.store.models import ExternalMessage, Label, MailboxMessage, Message
from mailserver.store.models.mailbox import Flag
from tests.services.importing import State, added, again, counts, due, entries, folder, run, subjects
from tests.support.dovecot import PASSWORD, dovecot
from tests.support.mail import message

pytestmark = pytest.mark.usefixtures("trusting_localhost")

AT = datetime(2019, 5, 4, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def server():
    with dovecot() as running:
        yield running


@pytest.fixture
def user(request) -> str:
    """A mailbox there for each test."""
    return request.node.name[:60].replace("[", "_").replace("]", "")


def letters(number: int, start: int = 0, **parts: str) -> list[bytes]:
    return [
        message(subject=f"Letter {index}", message_id=f"letter{index}@old.example", **parts)
        for index in range(start, start + number)
    ]


def test_it_brings_folders_flags_labels_and_dates(alice, server, user):
    server.fill(user, letters(2), flags=["\\Seen", "\\Flagged", "$label1", "Crpes"], at=AT)
    server.fill(user, letters(1, 10), box="Gesendet", flags=["\\Seen"])
    server.fill(user, letters(1, 20), box="Suppliers/Flour & eggs")
    row = run(added(alice, server.imaps, user=user))
    assert (row.state, row.error, row.lease_token) == (State.DONE, "", None)
    first = entries(alice, "INBOX")[0]
    assert first.flags == Flag.SEEN | Flag.FLAGGED
    assert first.at == AT
    assert sorted(Label.objects.filter(pk__in=first.keywords).values_list("name", flat=True)) == ["Crpes", "Important"]
    assert subjects(alice, "Sent") == ["Letter 10"]
    assert subjects(alice, "Suppliers/Flour & eggs") == ["Letter 20"]
    assert messages.raw(first.message) == letters(1)[0]
    assert counts(row) == (2, 0, 0)
    assert counts(row, "Gesendet") == (1, 0, 0)


def test_it_reports_equal_checksums_until_something_is_gone(alice, server, user):
    server.fill(user, letters(3))
    row = run(added(alice, server.imaps, user=user))
    report = folder(row)
    assert report.agrees
    assert len(report.checksum_here) == 64
    assert folder(row, "Trash").agrees
    box = mailboxes.by_use(alice.pk, "inbox")
    messages.expunge(account_id=alice.pk, mailbox_id=box.pk, uids=[2])
    folder_row = folder(row)
    folder_row.compared_at = None
    folder_row.save()
    again(row)
    run(row)
    report = folder(row)
    assert (report.agrees, report.gone) == (False, 1)
    assert subjects(alice) == ["Letter 0", "Letter 2"]


def test_it_notices_octets_that_are_not_what_was_read(alice, server, user):
    server.fill(user, letters(2))
    row = run(added(alice, server.imaps, user=user))
    assert folder(row).agrees
    blob = Message.objects.filter(account=alice).first().blob
    blob.raw = bytes(blob.raw).replace(b"Saturday", b"Sataurdy")
    blob.save(update_fields=["raw"])
    folder_row = folder(row)
    folder_row.compared_at = None
    folder_row.save()
    again(row)
    run(row)
    assert (folder(row).agrees, folder(row).gone) == (False, 0)


@pytest.mark.parametrize("after", [1, 7, 13])
def test_it_goes_on_after_a_kill_and_doubles_nothing(alice, server, user, monkeypatch, after):
    raws = letters(20)
    server.fill(user, raws)
    monkeypatch.setattr(external_run, "_TOGETHER", 3)
    row = added(alice, server.imaps, user=user)
    record, done = external_record.record, []

    class Killed(BaseException):
        pass

    def deadly(held, box, brought, **options):
        if len(done) + len(brought) > after:
            raise Killed
        record(held, box, brought, **options)
        done.extend(brought)

    with monkeypatch.context() as patch:
        patch.setattr(external_record, "record", deadly)
        with pytest.raises(Killed):
            external_run.run(row.pk)
    assert len(subjects(alice)) == len(done) < 20
    assert not external_run.run(row.pk)  # the dead worker's lease
    row.refresh_from_db()
    row.lease_until = row.created_at
    row.save()
    row = run(row)
    assert row.state == State.DONE
    assert subjects(alice) == [f"Letter {index}" for index in range(20)]
    assert counts(row) == (20, 0, 0)
    assert folder(row).agrees
    assert [messages.raw(entry.message) for entry in entries(alice, "INBOX")] == raws


def test_it_works_in_slices_and_gives_the_import_back_between_them(alice, server, user, monkeypatch):
    server.fill(user, letters(12))
    monkeypatch.setattr(external_run, "SLICE_MESSAGES", 5)
    monkeypatch.setattr(external_run, "_TOGETHER", 5)
    row = added(alice, server.imaps, user=user)
    seen = []
    while external_run.run(row.pk):
        row.refresh_from_db()
        seen.append((row.state, len(subjects(alice)), folder(row).total))
        assert row.lease_token is None
    assert seen[0] == (State.ACTIVE, 5, 12)
    assert seen[1] == (State.ACTIVE, 10, 12)
    assert seen[-1] == (State.DONE, 12, 12)


def test_it_matches_what_a_folder_numbered_anew_holds(alice, server, user):
    server.fill(user, letters(5))
    row = run(added(alice, server.imaps, user=user))
    before = folder(row).uidvalidity
    box = mailboxes.by_use(alice.pk, "inbox")
    archive = mailboxes.by_use(alice.pk, "archive")
    messages.move(account_id=alice.pk, mailbox_id=box.pk, uids=[1], target_id=archive.pk)
    messages.expunge(account_id=alice.pk, mailbox_id=box.pk, uids=[2])
    server.renumber(user)
    server.fill(user, letters(1, 5))
    again(row)
    row = run(row)
    assert folder(row).uidvalidity != before
    assert counts(row) == (1, 5, 0)
    assert subjects(alice) == ["Letter 2", "Letter 3", "Letter 4", "Letter 5"]
    assert subjects(alice, "Archive") == ["Letter 0"]


def test_it_keeps_importing_what_is_new(alice, server, user):
    server.fill(user, letters(2))
    row = run(added(alice, server.imaps, user=user, mode="keep"))
    assert (row.state, row.finished_at is not None) == (State.ACTIVE, True)
    assert row.next_at > row.finished_at
    assert not external_run.run(row.pk)
    server.fill(user, letters(1, 2))
    due(row)
    run(row)
    assert subjects(alice) == ["Letter 0", "Letter 1", "Letter 2"]
    assert counts(row) == (3, 0, 0)


def test_it_files_a_message_of_two_folders_as_one_message_with_two_entries(alice, server, user):
    server.fill(user, letters(2))
    server.fill(user, letters(1), box="Work")
    row = run(added(alice, server.imaps, user=user))
    assert (subjects(alice), subjects(alice, "Work")) == (["Letter 0", "Letter 1"], ["Letter 0"])
    assert Message.objects.filter(account=alice).count() == 2
    assert counts(row, "Work") == (1, 0, 0)
    assert folder(row, "Work").agrees


def test_it_leaves_doubles_of_one_folder_and_what_lies_here_already(alice, server, user):
    box = mailboxes.by_use(alice.pk, "inbox")
    messages.append(account_id=alice.pk, mailbox_id=box.pk, raw=letters(1)[0])
    server.fill(user, [*letters(2), letters(1, 1)[0], letters(1, 1)[0]])
    row = run(added(alice, server.imaps, user=user))
    assert subjects(alice) == ["Letter 0", "Letter 1"]
    assert counts(row) == (1, 3, 0)
    assert folder(row).agrees


def test_it_does_not_come_twice_when_it_is_removed_and_added_again(alice, server, user):
    server.fill(user, letters(3))
    row = run(added(alice, server.imaps, user=user))
    external.remove(account_id=alice.pk, external_id=row.pk)
    row = run(added(alice, server.imaps, user=user))
    assert subjects(alice) == ["Letter 0", "Letter 1", "Letter 2"]
    assert counts(row) == (0, 3, 0)


def test_it_asks_for_large_messages_alone_and_leaves_those_above_the_limit(alice, server, user, settings, monkeypatch):
    settings.CORREIO = dataclasses.replace(settings.CORREIO, size_limit=3 * 1024 * 1024)
    large = message(subject="Large", body="x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 20_000)
    huge = message(subject="Huge", body=("z" * 70 + "\r\n") * 45_000)
    server.fill(user, [*letters(2), large, huge, *letters(1, 2)])
    asked = []
    contents = external_run.Remote.contents
    monkeypatch.setattr(
        external_run.Remote,
        "contents",
        lambda self, uids, **options: asked.append(list(uids)) or contents(self, uids, **options),
    )
    row = run(added(alice, server.imaps, user=user))
    assert asked == [[1, 2], [3], [5]]
    assert subjects(alice) == ["Letter 0", "Letter 1", "Large", "Letter 2"]
    assert counts(row) == (4, 0, 1)
    (left,) = external.failures(row)
    assert left.reason == "Larger than 3 MB, the most that is taken here."


def test_it_stops_with_plain_words_when_the_mailbox_is_full_and_goes_on_after(alice, server, user):
    server.fill(user, letters(6))
    size = len(letters(1)[0])
    alice.quota = size * 3 + 10
    alice.save()
    row = run(added(alice, server.imaps, user=user))
    assert (row.state, row.error) == (State.STOPPED, "Your mailbox is full. Make room, then go on.")
    assert len(subjects(alice)) == 3
    assert not external_run.run(row.pk)
    alice.quota = 0
    alice.save()
    again(row)
    assert run(row).state == State.DONE
    assert subjects(alice) == [f"Letter {index}" for index in range(6)]


def test_it_stops_when_it_is_paused_or_removed_in_the_middle(alice, server, user, monkeypatch):
    server.fill(user, letters(9))
    monkeypatch.setattr(external_run, "_TOGETHER", 3)
    row = added(alice, server.imaps, user=user)
    contents, acts = external_run.Remote.contents, [external.pause, external.remove]

    def interrupted(self, uids, **options):
        found = contents(self, uids, **options)
        if 5 in uids and acts:
            acts.pop(0)(account_id=alice.pk, external_id=row.pk)
        return found

    monkeypatch.setattr(external_run.Remote, "contents", interrupted)
    external_run.run(row.pk)
    assert len(subjects(alice)) == 3
    row.refresh_from_db()
    assert (row.state, row.error) == (State.PAUSED, "")
    assert not external_run.run(row.pk)
    again(row)
    external_run.run(row.pk)
    assert len(subjects(alice)) == 3
    assert not ExternalMessage.objects.exists()


def test_it_rings_once_for_a_batch_and_scores_nothing(alice, server, user, monkeypatch):
    server.fill(user, letters(10))
    rung = []
    monkeypatch.setattr("mailserver.store.bell.ring_all", rung.append)
    row = added(alice, server.imaps, user=user)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mailserver.services.scoring.judge", lambda *given: pytest.fail("scored"), raising=False)
        run(row)
    assert MailboxMessage.objects.filter(account=alice).count() == 10
    assert len(rung) <= 1  # on commit, which the test's own transaction may never reach


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_it_adds_an_account_that_lets_it_in(alice, server, user, security):
    port = server.imaps if security == "tls" else server.imap
    given = {"host": "localhost", "port": port, "security": security, "username": user, "mode": "once"}
    row = external.add(account_id=alice.pk, password=PASSWORD, **given)
    assert PASSWORD not in row.secret
    with pytest.raises(AlreadyExists):
        external.add(account_id=alice.pk, password=PASSWORD, **given)
    assert run(row).state == State.DONE


def test_it_stops_at_a_password_that_is_wrong_and_goes_on_with_another(alice, server, user):
    server.fill(user, letters(1))
    row = run(added(alice, server.imaps, user=user, password="far breton"))
    assert row.state == State.STOPPED
    assert row.error.startswith("localhost does not accept this user name and password.")
    with pytest.raises(RemoteTrouble):
        external.set_password(account_id=alice.pk, external_id=row.pk, password="wrong too")
    external.set_password(account_id=alice.pk, external_id=row.pk, password=PASSWORD)
    assert run(row).state == State.DONE
    assert subjects(alice) == ["Letter 0"]
