from __future__ import annotations

from mailserver.services import flags, folders, selection, statuses
from tests.support.mail import delivered


def test_it_counts_only_what_is_asked_for(alice, django_assert_num_queries):
    delivered(alice)
    selection.opened(alice.pk, "INBOX", read_only=False)
    place = delivered(alice)
    flags.store(alice.pk, place.mailbox_id, ((1, 2),), names=["\\Deleted"], mode="add")
    with django_assert_num_queries(1):
        plain = statuses.status(alice.pk, ["inbox", "Sent", "Nothing"])
    assert list(plain) == ["inbox", "Sent"]
    assert plain["inbox"] == statuses.Status(folders.by_path(alice.pk, "INBOX"))
    with django_assert_num_queries(2):
        full = statuses.status(alice.pk, ["INBOX", "Sent"], recent=True, deleted=True)
    assert [(one.folder.path, one.recent, one.deleted) for one in full.values()] == [("INBOX", 1, 2), ("Sent", 0, 0)]
    assert statuses.status(alice.pk, ["INBOX"], deleted=True)["INBOX"].recent is None


def test_it_counts_nothing_of_another(alice, charlie):
    folders.create(alice.pk, "Menus")
    assert statuses.status(charlie.pk, ["Menus"], recent=True) == {}
