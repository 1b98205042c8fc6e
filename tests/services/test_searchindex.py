"""Filling the search index: what is noted, taken up, read, and forgotten."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from mailserver.errors import NotFound
from mailserver.mail import lexemes
from mailserver.services import messages, searchindex
from mailserver.store.models import Message, SearchDocument, SearchPending
from tests.support.mail import delivered, message

pytestmark = pytest.mark.django_db


def found(text: str) -> list[int]:
    """The ids of the messages whose document has the words, as `tsquery` writes them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT message_id FROM searchdocument WHERE tsv @@ %s::tsquery ORDER BY message_id DESC", [text]
        )
        return [message_id for (message_id,) in cursor.fetchall()]


def multipart(*parts: tuple[str, str], kind: str = "mixed") -> bytes:
    body = "".join(f"--=\r\n{head}\r\n\r\n{text}\r\n" for head, text in parts)
    head, _, _ = message().partition(b"MIME-Version")
    return head + f'MIME-Version: 1.0\r\nContent-Type: multipart/{kind}; boundary="="\r\n\r\n{body}--=--\r\n'.encode()


def test_it_notes_each_new_message_and_indexes_it_once(alice, bob):
    places = [delivered(person) for person in (alice, bob)]
    assert set(SearchPending.objects.values_list("message_id", "account_id")) == {
        (place.message_id, person.pk) for place, person in zip(places, (alice, bob), strict=True)
    }
    assert searchindex.sweep() == 2
    assert not SearchPending.objects.exists()
    assert searchindex.sweep() == 0
    row = SearchDocument.objects.get(message_id=places[0].message_id)
    assert (row.account_id, row.at, row.version) == (alice.pk, row.message.at, lexemes.VERSION)
    assert found("crepe & night & bob & hamburger & saturday") == [places[1].message_id, places[0].message_id]


def test_it_keeps_accounts_apart_by_a_lexeme(alice, charlie):
    place, _ = delivered(alice), delivered(charlie, subject=f"Crêpe 'a:{alice.pk}'", body=f"a:{alice.pk}")
    searchindex.sweep()
    assert found(f"'{lexemes.account(alice.pk)}' & crepe") == [place.message_id]


def test_it_knows_the_fields(alice):
    place = delivered(alice, subject="Menu", to="Tomás <tomas@x.pt>", extra="Cc: Ana <ana@x.pt>\r\n")
    searchindex.sweep()
    assert found("'s:menu' & 'f:bob' & 't:tomas' & 't:ana' & (saturday <-> at)") == [place.message_id]
    assert not found("'s:saturday' | 't:bob' | (menu <-> bob) | 'has:attachment'")


def test_it_reads_html_where_there_is_little_text(alice):
    newsletter = multipart(
        ("Content-Type: text/plain", "Please open the web version."),
        ("Content-Type: text/html", "<style>hidden{}</style><p>Buck<b>wheat</b></p><blockquote>cider</blockquote>"),
        kind="alternative",
    )
    place = delivered(alice, newsletter)
    searchindex.sweep()
    assert found("web & buckwheat & cider & !hidden") == [place.message_id]


def test_it_knows_attached_files_by_name_and_not_what_is_in_them(alice):
    raw = multipart(
        ("Content-Type: text/plain", "The bill."),
        ('Content-Type: text/plain\r\nContent-Disposition: attachment; filename="Fatura-31.txt"', "butter"),
    )
    place = delivered(alice, raw)
    searchindex.sweep()
    assert found("bill & fatura & 31 & 'has:attachment' & !butter") == [place.message_id]


def test_it_takes_the_newest_messages_first_in_batches(alice):
    places = [delivered(alice) for _ in range(5)]
    assert searchindex.index(limit=2) == 2
    assert found("crepe") == [place.message_id for place in (places[4], places[3])]
    assert [searchindex.index(limit=2) for _ in range(3)] == [2, 1, 0]


def test_it_stops_when_its_time_is_over_and_goes_on_next_time(alice, monkeypatch):
    monkeypatch.setattr(searchindex, "SWEEP", timedelta(seconds=-1))
    places = [delivered(alice) for _ in range(3)]
    assert searchindex.sweep() == 1
    assert found("crepe") == [places[2].message_id]
    assert [searchindex.sweep() for _ in range(3)] == [1, 1, 0]


def test_a_batch_ends_with_so_many_octets_of_words(alice, monkeypatch):
    monkeypatch.setattr(searchindex, "BATCH_OCTETS", 3000)
    for number in range(4):
        delivered(alice, body="\r\n".join(f"word{number}{n}" for n in range(200)))

    assert [searchindex.index() for _ in range(5)] == [1, 1, 1, 1, 0]


@pytest.mark.parametrize("fault", [NotFound("gone"), ValueError("damaged"), RecursionError()])
def test_a_message_that_cannot_be_read_is_found_by_its_header_and_blocks_no_other(alice, monkeypatch, caplog, fault):
    first, broken = delivered(alice), delivered(alice, subject="Broken")
    real = messages.contents

    def contents(row, parts, *, limit, raw):
        if row.pk == broken.message_id:
            raise fault
        return real(row, parts, limit=limit, raw=raw)

    monkeypatch.setattr(messages, "contents", contents)
    assert searchindex.sweep() == 2
    assert found("saturday") == [first.message_id]
    assert found("'s:broken' & bob") == [broken.message_id]
    assert f"message {broken.message_id} is not indexed" in caplog.text
    assert not SearchPending.objects.exists()


def test_damaged_columns_block_nothing(alice, caplog):
    place, other = delivered(alice), delivered(alice)
    Message.objects.filter(pk=place.message_id).update(parts={"c": 3}, recipients={"to": [["one"]]})
    searchindex.sweep()
    assert found("saturday") == [other.message_id]
    assert found("'f:bob'") == [other.message_id, place.message_id]
    assert "cannot be read" in caplog.text


def test_words_the_database_refuses_block_no_other(alice, monkeypatch, caplog):
    first, refused = delivered(alice), delivered(alice, subject="Refused")
    real = lexemes.vector
    monkeypatch.setattr(lexemes, "vector", lambda it: "'open" if it.subject == "Refused" else real(it))
    searchindex.sweep()
    assert found("crepe") == [first.message_id]
    assert found(f"'{lexemes.account(alice.pk)}'") == [refused.message_id, first.message_id]
    assert "does not take its words" in caplog.text


def test_the_largest_document_is_taken(alice):
    letters = random.Random(1)
    words = ["".join(letters.choices("ბზხსდფგჰჯკლ", k=64)) for _ in range(6000)]
    place = delivered(alice, subject=words[0], body="\r\n".join(words))
    searchindex.sweep()
    assert found(f"'{words[0]}'") == [place.message_id]


def test_what_was_expunged_before_its_turn_is_not_indexed(alice):
    place = delivered(alice)
    messages.expunge(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid])
    assert searchindex.sweep() == 1
    assert not SearchDocument.objects.exists()


def test_what_is_expunged_loses_its_document_when_no_folder_has_it(alice):
    kept, gone = delivered(alice), delivered(alice)
    target = alice.mailboxes.get(special_use="archive")
    where = {"account_id": alice.pk, "mailbox_id": kept.mailbox_id}
    messages.copy(**where, uids=[kept.uid], target_id=target.pk)
    searchindex.sweep()
    messages.expunge(**where, uids=[kept.uid, gone.uid])
    searchindex.sweep()
    assert list(SearchDocument.objects.values_list("message_id", flat=True)) == [kept.message_id]


def test_many_expunges_are_forgotten_over_several_sweeps(alice, monkeypatch):
    monkeypatch.setattr(searchindex, "FORGET_MOST", 2)
    places = [delivered(alice) for _ in range(5)]
    searchindex.sweep()
    where = {"account_id": alice.pk, "mailbox_id": places[0].mailbox_id}
    messages.expunge(**where, uids=[place.uid for place in places])
    assert [searchindex.forget_expunged() for _ in range(4)] == [2, 2, 1, 0]


def test_a_message_that_is_deleted_takes_its_document_along(alice):
    place = delivered(alice)
    searchindex.sweep()
    Message.objects.filter(pk=place.message_id).delete()
    assert not SearchDocument.objects.exists()


def test_documents_of_an_older_version_are_made_anew_when_nothing_waits(alice):
    old = delivered(alice)
    searchindex.sweep()
    SearchDocument.objects.update(version=lexemes.VERSION - 1, tsv="")
    new = delivered(alice)
    assert searchindex.index() == 1
    assert found("crepe") == [new.message_id]
    assert searchindex.index() == 1
    assert found("crepe") == [new.message_id, old.message_id]
    assert searchindex.index() == 0


def test_one_account_or_all_are_indexed_again_and_found_meanwhile(alice, bob):
    for person in (alice, bob):
        delivered(person)
    searchindex.sweep()
    assert searchindex.again("ALICE@crepes.fr") == 1
    assert SearchPending.objects.get().account_id == alice.pk
    assert len(found("crepe")) == 2
    assert searchindex.again() == 1
    assert searchindex.sweep() == 2


def test_the_command_makes_an_index_anew(alice, capsys):
    place = delivered(alice)
    searchindex.sweep()
    SearchDocument.objects.update(tsv="")
    call_command("reindex", "alice@crepes.fr")
    assert found("crepe") == [place.message_id]
    assert "messages indexed: 1" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no account nobody@"):
        call_command("reindex", "nobody@crepes.fr")


def test_an_import_of_old_mail_has_the_month_of_its_date(alice):
    box = alice.mailboxes.get(special_use="archive")
    at = timezone.now().replace(year=2019, month=2, day=3)
    place = messages.append(account_id=alice.pk, mailbox_id=box.pk, raw=message(), at=at)
    searchindex.sweep()
    assert found(f"'m:{alice.pk}.1902'") == [place.message_id]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_leaves_the_rest_to_the_next(alice, monkeypatch):
    place = delivered(alice)
    with monkeypatch.context() as patch:
        patch.setattr(searchindex, "_insert", lambda documents: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            searchindex.sweep()
    assert SearchPending.objects.count() == 1
    assert searchindex.sweep() == 1
    assert found("crepe") == [place.message_id]
