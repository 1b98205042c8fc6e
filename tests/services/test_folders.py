"""The tree of folders by path."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from mailserver.errors import (
    AlreadyExists,
    HasChildren,
    InvalidName,
    NotFound,
    NotPermitted,
    SpecialUseTaken,
)
from mailserver.services import folders, mailboxes, messages, retention, undo
from mailserver.store.models import Account, Mailbox, MailboxMessage, Message, Orphan, ThreadBox, Vanished
from tests.support.mail import delivered, message


def paths(account) -> list[str]:
    return [folder.path for folder in folders.listing(account.pk)]


def filed(account, folder: folders.Folder):
    return messages.append(account_id=account.pk, mailbox_id=folder.id, raw=message())


def test_it_lists_the_folders_with_their_counters_in_one_statement(alice, bob, django_assert_num_queries):
    size = Message.objects.get(pk=delivered(alice).message_id).size
    with django_assert_num_queries(1):
        found = {folder.path: folder for folder in folders.listing(alice.pk)}
    inbox = found["INBOX"]
    assert (inbox.special_use, inbox.subscribed, inbox.uidnext, inbox.total, inbox.unseen) == ("inbox", True, 2, 1, 1)
    assert inbox.size == size
    assert list(found) == sorted(found)
    assert len(found) == 6


def test_levels_above_are_subscribed_as_the_folder_is(alice):
    folders.create(alice.pk, "Travel/Lisbon")
    mailboxes.create(account_id=alice.pk, path="Recipes/Crepes")
    folders.rename(alice.pk, "Travel/Lisbon", "Archive/2024/Lisbon")
    subscribed = {folder.path for folder in folders.listing(alice.pk) if folder.subscribed}
    assert {"Recipes", "Recipes/Crepes"} <= subscribed
    assert not subscribed & {"Travel", "Archive/2024", "Archive/2024/Lisbon"}


@pytest.mark.parametrize("path", ["INBOX", "inbox", "iNbOx"])
def test_it_finds_the_inbox_in_any_case(alice, path):
    assert folders.by_path(alice.pk, path).path == "INBOX"


def test_it_finds_nothing_of_another(alice, charlie):
    folders.create(alice.pk, "Menus")
    for act in (
        lambda: folders.by_path(charlie.pk, "Menus"),
        lambda: folders.delete(charlie.pk, "Menus"),
        lambda: folders.rename(charlie.pk, "Menus", "Mine"),
    ):
        with pytest.raises(NotFound):
            act()


def uses(account) -> dict[str, str]:
    return {folder.special_use: folder.path for folder in folders.listing(account.pk) if folder.special_use}


def test_a_use_goes_over_from_an_empty_folder(alice):
    assert folders.create(alice.pk, "Gesendet", special_use="sent").special_use == "sent"
    assert uses(alice)["sent"] == "Gesendet"
    assert mailboxes.by_use(alice.pk, "sent").path == "Gesendet"
    assert folders.by_path(alice.pk, "Sent").special_use == ""
    folders.delete(alice.pk, "Sent")
    with pytest.raises(NotPermitted):
        folders.delete(alice.pk, "Gesendet")


def test_a_use_stays_with_the_folder_that_has_messages(alice):
    filed(alice, folders.by_path(alice.pk, "Trash"))
    before = uses(alice)
    with pytest.raises(SpecialUseTaken):
        folders.create(alice.pk, "Bin", special_use="trash")
    assert uses(alice) == before
    assert "Bin" not in paths(alice)
    folders.rename(alice.pk, "Trash", "Bin")
    assert uses(alice)["trash"] == "Bin"


def test_the_inbox_stays_the_inbox(alice):
    with pytest.raises(SpecialUseTaken):
        folders.create(alice.pk, "Other", special_use="inbox")


def test_a_use_stays_where_it_is_when_the_new_folder_cannot_be(alice):
    before = uses(alice)
    with pytest.raises(AlreadyExists):
        folders.create(alice.pk, "Sent", special_use="sent")
    with pytest.raises(InvalidName):
        folders.create(alice.pk, "INBOX/Sent", special_use="sent")
    assert uses(alice) == before


def test_a_use_that_nobody_has_is_free(alice):
    Mailbox.objects.filter(account=alice, special_use="archive").update(special_use="")
    assert folders.create(alice.pk, "Old", special_use="archive").special_use == "archive"


@pytest.mark.parametrize("path", [" Menus", "Menus ", "a/ b", "INBOX", "inbox/x", "a//b", "/a", "a/", "x*"])
def test_it_keeps_a_name_exactly_or_refuses_it(alice, path):
    with pytest.raises(InvalidName):
        folders.create(alice.pk, path)
    with pytest.raises(InvalidName):
        folders.rename(alice.pk, "Sent", path)


def test_it_renames_with_all_that_is_below(alice):
    made = filed(alice, folders.create(alice.pk, "House/Kitchen"))
    folders.create(alice.pk, "House/Kitchen/Pans")
    folders.create(alice.pk, "Household")
    before = folders.by_path(alice.pk, "House/Kitchen")
    folders.rename(alice.pk, "House", "Home/Old")
    assert [path for path in paths(alice) if path.startswith("Ho")] == [
        "Home",
        "Home/Old",
        "Home/Old/Kitchen",
        "Home/Old/Kitchen/Pans",
        "Household",
    ]
    after = folders.by_path(alice.pk, "Home/Old/Kitchen")
    assert (after.id, after.uidvalidity, after.uidnext) == (before.id, before.uidvalidity, made.uid + 1)


def test_it_lets_a_special_folder_keep_its_use(alice):
    folders.rename(alice.pk, "Sent", "Gesendet")
    assert mailboxes.by_use(alice.pk, "sent").path == "Gesendet"


def test_it_refuses_a_path_that_is_taken_or_lies_below(alice):
    folders.create(alice.pk, "A/B")
    with pytest.raises(AlreadyExists):
        folders.rename(alice.pk, "A", "Sent")
    with pytest.raises(AlreadyExists):
        folders.rename(alice.pk, "A", "A")
    with pytest.raises(InvalidName):
        folders.rename(alice.pk, "A", "A/B/C")
    with pytest.raises(InvalidName):
        folders.rename(alice.pk, "A", "x" * 254)
    with pytest.raises(NotFound):
        folders.rename(alice.pk, "Nothing", "Something")
    assert {"A", "A/B"} <= set(paths(alice))


def test_it_empties_the_inbox_when_that_is_renamed(alice):
    for _ in range(3):
        delivered(alice)
    folders.rename(alice.pk, "inbox", "Old/2026")
    inbox, old = folders.by_path(alice.pk, "INBOX"), folders.by_path(alice.pk, "Old/2026")
    assert (inbox.total, inbox.uidnext, old.total, old.uidnext, old.special_use) == (0, 4, 3, 4, "")
    with pytest.raises(AlreadyExists):
        folders.rename(alice.pk, "INBOX", "Old")


def test_it_deletes_a_folder_and_its_mail(alice):
    kept, gone = delivered(alice), None
    folder = folders.create(alice.pk, "Menus")
    gone = filed(alice, folder)
    expunged = filed(alice, folder)
    messages.copy(account_id=alice.pk, mailbox_id=kept.mailbox_id, uids=[kept.uid], target_id=folder.id)
    messages.expunge(account_id=alice.pk, mailbox_id=folder.id, uids=[expunged.uid])
    folders.delete(alice.pk, "Menus")
    assert "Menus" not in paths(alice)
    assert not ThreadBox.objects.filter(thread_id=gone.thread_id).exists()
    assert Message.objects.count() == 3
    assert retention.tidy()["messages"] == 2
    assert list(Message.objects.values_list("pk", flat=True)) == [kept.message_id]
    assert not Orphan.objects.exists()


def test_it_tidies_a_message_only_when_nobody_may_read_it_elsewhere(alice):
    there = delivered(alice)
    folder = folders.create(alice.pk, "Menus")
    messages.move(account_id=alice.pk, mailbox_id=there.mailbox_id, uids=[there.uid], target_id=folder.id)
    folders.delete(alice.pk, "Menus")
    assert retention.tidy()["messages"] == 0
    Vanished.objects.update(until=timezone.now() - timedelta(hours=1))
    assert retention.tidy()["messages"] == 1


def test_it_refuses_to_delete_what_is_needed(alice):
    folders.create(alice.pk, "A/B")
    with pytest.raises(HasChildren):
        folders.delete(alice.pk, "A")
    for path in ("Inbox", "Sent", "Trash"):
        with pytest.raises(NotPermitted):
            folders.delete(alice.pk, path)
    folders.delete(alice.pk, "A/B")
    folders.delete(alice.pk, "A")
    with pytest.raises(NotFound):
        folders.delete(alice.pk, "A")


def test_it_cannot_undo_into_a_folder_that_is_gone(alice):
    there = delivered(alice)
    folder = folders.create(alice.pk, "Menus")
    step = undo.record(account_id=alice.pk, title="x", moves=[(there.mailbox_id, folder.id, [there.message_id])])
    folders.delete(alice.pk, "Menus")
    with pytest.raises(NotFound):
        undo.undo(account_id=alice.pk, step_id=step.pk)
    assert MailboxMessage.objects.filter(message_id=there.message_id).exists()


def test_it_raises_the_uidvalidity_of_a_name_that_is_used_again(alice):
    seen = [folders.create(alice.pk, "Menus").uidvalidity]
    for _ in range(3):
        folders.delete(alice.pk, "Menus")
        seen.append(folders.create(alice.pk, "Menus").uidvalidity)
    assert seen == sorted(set(seen))


def test_it_raises_the_uidvalidity_of_a_name_that_another_folder_takes(alice):
    older, newer = folders.create(alice.pk, "Older"), folders.create(alice.pk, "Newer")
    folders.rename(alice.pk, "Newer", "Newest")
    folders.rename(alice.pk, "Older", "Newer")
    assert folders.by_path(alice.pk, "Newest").uidvalidity == newer.uidvalidity
    taken = folders.by_path(alice.pk, "Newer")
    assert taken.id == older.id
    assert taken.uidvalidity > newer.uidvalidity


def test_it_gives_a_name_to_a_newer_folder_without_a_new_uidvalidity(alice):
    """corpora: RENAME x x3, then RENAME x2 x, where x2 was made after x."""
    first, second = folders.create(alice.pk, "x"), folders.create(alice.pk, "x2")
    folders.rename(alice.pk, "x", "x3")
    folders.rename(alice.pk, "x2", "x")
    assert folders.by_path(alice.pk, "x").uidvalidity == second.uidvalidity > first.uidvalidity


@pytest.mark.django_db(transaction=True)
def test_it_makes_renames_and_deletes_at_once_without_a_gap(alice):
    """Each thread makes a folder below a shared one and deletes it; none meets a missing or doubled level."""
    seen: list[int] = []
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(4):
                seen.append(folders.create(alice.pk, f"Shared/{number}").uidvalidity)
                folders.rename(alice.pk, f"Shared/{number}", f"Shared/new{number}")
                folders.delete(alice.pk, f"Shared/new{number}")
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(set(seen)) == len(seen) == 16
    assert paths(alice).count("Shared") == 1
    assert Account.objects.get(pk=alice.pk).last_uidvalidity >= max(seen)
