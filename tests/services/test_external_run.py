"""Imports from servers that lie, flood and break off."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.services import claims, external, external_folders, external_lease, external_run, mailboxes, timeline
from mailserver.store.exchange import alone
from mailserver.store.models import ExternalAccount, Message
from tests.services.importing import (
    State,
    added,
    again,
    counts,
    due,
    folder,
    letters,
    run,
    subjects,
    until_it_waits_for_nobody,
)
from tests.support.scripted_imap import Script, imap_server

pytestmark = pytest.mark.usefixtures("trusting_localhost")


def test_it_goes_on_after_each_broken_connection_and_doubles_nothing(alice):
    script, left = Script(letters(*range(1, 31))), [3, 2, 1]

    def breaking(command):
        if "BODY" not in command or not left:
            return script.fetched(command) + b"{tag} OK done\r\n"
        left.pop()
        whole = script.fetched(command)
        return whole[: len(whole) // 2] if len(left) % 2 else None

    script.answers["UID FETCH"] = breaking
    with imap_server(script) as port:
        row = until_it_waits_for_nobody(added(alice, port))
    assert (row.state, left) == (State.DONE, [])
    assert subjects(alice) == [f"Letter {uid}" for uid in range(1, 31)]
    assert folder(row).agrees


def test_it_goes_on_without_a_message_at_which_the_server_breaks_off_each_time(alice):
    script = Script(letters(1, 2, 3, 4))

    def poisoned(command):
        asked = command.split()[2].split(",")
        return None if "BODY" in command and "3" in asked else script.fetched(command) + b"{tag} OK done\r\n"

    script.answers["UID FETCH"] = poisoned
    with imap_server(script) as port:
        row = until_it_waits_for_nobody(added(alice, port))
        assert row.state == State.DONE
        assert subjects(alice) == ["Letter 1", "Letter 2", "Letter 4"]
        assert [(left.uid, left.reason) for left in external.failures(row)] == [
            (3, "localhost broke the connection off.")
        ]
        assert counts(row) == (3, 0, 1)
        script.answers.clear()
        again(row)
        row = until_it_waits_for_nobody(row)
    assert sorted(subjects(alice)) == ["Letter 1", "Letter 2", "Letter 3", "Letter 4"]
    assert counts(row) == (4, 0, 0)
    assert folder(row).agrees


def test_it_goes_on_without_a_message_that_is_far_larger_than_said(alice, settings):
    settings.CORREIO = dataclasses.replace(settings.CORREIO, size_limit=100_000)
    script = Script(letters(1, 2, 3))

    def huge(command):
        if "BODY" in command and "2" in command.split()[2].split(","):
            return b"* 2 FETCH (UID 2 BODY[] {99999999999}\r\n" + b"x" * 10_000
        return script.fetched(command) + b"{tag} OK done\r\n"

    script.answers["UID FETCH"] = huge
    with imap_server(script) as port:
        row = until_it_waits_for_nobody(added(alice, port))
    assert row.state == State.DONE
    assert subjects(alice) == ["Letter 1", "Letter 3"]
    (left,) = external.failures(row)
    assert (left.uid, left.reason) == (2, "localhost sends more than it was asked for.")


def test_it_asks_one_by_one_when_the_server_refuses_a_group(alice):
    script = Script(letters(1, 2, 3))

    def choosy(command):
        if "BODY" in command and "2" in command.split()[2].split(","):
            return b"{tag} NO [SERVERBUG] this one is lost\r\n"
        return script.fetched(command) + b"{tag} OK done\r\n"

    script.answers["UID FETCH"] = choosy
    with imap_server(script) as port:
        row = run(added(alice, port))
    assert subjects(alice) == ["Letter 1", "Letter 3"]
    (left,) = external.failures(row)
    assert "this one is lost" in left.reason


def test_it_passes_over_what_vanished_and_says_what_came_empty(alice):
    script = Script(letters(1, 2) | {3: b""})
    script.answers["UID SEARCH"] = lambda command: b"* SEARCH 1 2 3 4 5\r\n{tag} OK done\r\n"
    with imap_server(script) as port:
        row = run(added(alice, port))
    assert row.state == State.DONE
    assert counts(row) == (2, 0, 1)
    assert (folder(row).last_uid, folder(row).total) == (5, 3)


def test_it_brings_from_all_mail_only_what_no_other_folder_has_and_fetches_nothing_twice(alice):
    inbox, everything = letters(1, 2), letters(11, 12, 13)
    everything[11], everything[12] = inbox[1], inbox[2]
    script, asked = Script(capabilities="IMAP4rev1 AUTH=PLAIN X-GM-EXT-1"), []
    open_box = {"name": ""}

    def opened(command):
        open_box["name"] = command
        script.messages = everything if "All" in command else inbox
        return script._honest(command)

    def fetched(command):
        if "BODY" in command:
            asked.append(command.split()[2])
            return script.fetched(command) + b"{tag} OK done\r\n"
        answer = script.fetched(command)
        for uid in script.messages:
            answer = answer.replace(b"(UID %d " % uid, b"(X-GM-MSGID %d UID %d " % (9000 + uid % 10, uid))
        return answer + b"{tag} OK done\r\n"

    listing = b'* LIST (\\All) "/" "[Gmail]/All Mail"\r\n* LIST () "/" INBOX\r\n{tag} OK done\r\n'
    script.answers |= {"LIST": lambda command: listing, "EXAMINE": opened, "UID FETCH": fetched}
    with imap_server(script) as port:
        row = run(added(alice, port))
    assert subjects(alice) == ["Letter 1", "Letter 2"]
    assert subjects(alice, "Archive") == ["Letter 13"]
    assert asked == ["1,2", "13"]
    assert counts(row, "[Gmail]/All Mail") == (1, 2, 0)
    assert folder(row, "[Gmail]/All Mail").agrees


def test_it_tries_again_later_when_nobody_answers_and_gives_up_in_the_end(alice, dead_port):
    row = added(alice, dead_port)
    now = timezone.now()
    pauses = []
    for _ in range(8):
        row = run(row)
        pauses.append(row.next_at - now)
        due(row)
    assert (row.state, row.failures) == (State.ACTIVE, 8)
    assert row.error == f"localhost does not answer at port {dead_port}."
    assert pauses == sorted(pauses)
    assert timedelta(seconds=30) < pauses[0] < timedelta(minutes=1)
    ExternalAccount.objects.filter(pk=row.pk).update(failures=external_lease.MOST_FAILURES - 1)
    assert run(row).state == State.STOPPED


def test_it_stops_when_no_key_opens_the_password(alice, settings):
    row = added(alice, 1)
    settings.CORREIO = dataclasses.replace(settings.CORREIO, encryption_keys=("A" * 43 + "=",))
    row = run(row)
    assert row.state == State.STOPPED
    assert row.error == "The password that is kept here cannot be read any more. Give it again."


def test_a_fault_of_ours_is_told_and_the_import_tried_again(alice, monkeypatch):
    monkeypatch.setattr(external_folders, "take_down", lambda *given: 1 / 0)
    with imap_server(Script()) as port:
        row = added(alice, port)
        with pytest.raises(ZeroDivisionError):
            external_run.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.lease_token, row.error) == (
        State.ACTIVE,
        None,
        "Something went wrong on our side. We try again.",
    )


def test_mail_of_the_future_does_not_stay_on_top(alice):
    script = Script(letters(1))
    script.answers["UID FETCH"] = lambda command: (
        script.fetched(command).replace(b"-2019 ", b"-2199 ") + b"{tag} OK done\r\n"
    )
    with imap_server(script) as port:
        run(added(alice, port))
    entry = mailboxes.by_use(alice.pk, "inbox").entries.get()
    assert entry.at <= timezone.now()


def test_what_was_imported_tells_where_it_lay_and_does_not_count_as_written_by_the_account(alice):
    listing = b'* LIST (\\Sent) "/" "Sent"\r\n* LIST () "/" INBOX\r\n{tag} OK done\r\n'
    script = Script(letters(1), {"LIST": lambda command: listing})

    def opened(command):
        script.messages = letters(2) if "Sent" in command else letters(1)
        return script._honest(command)

    script.answers["EXAMINE"] = opened
    with imap_server(script) as port:
        run(added(alice, port))
    message_id = Message.objects.get(account=alice, subject="Letter 1").pk
    path = timeline.path_of(alice.pk, message_id)
    assert path.headline == "This message was brought here from another server."
    assert path.lead == "It lay in INBOX of old at localhost. How it came there we did not see."
    ids = ["letter1@old.example", "letter2@old.example"]
    assert alone(claims.written, [([alice.pk], ids)]) == {(alice.pk, "letter2@old.example")}
