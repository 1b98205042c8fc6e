from __future__ import annotations

import pytest

from mailserver.errors import InvalidName
from mailserver.services import folders, subscriptions


def test_it_keeps_whether_a_folder_is_wanted(alice):
    subscriptions.unsubscribe(alice.pk, "INBOX")
    assert not folders.by_path(alice.pk, "INBOX").subscribed
    subscriptions.subscribe(alice.pk, "INBOX")
    assert folders.by_path(alice.pk, "INBOX").subscribed
    assert subscriptions.without_folder(alice.pk) == []


def test_a_name_stays_subscribed_without_its_folder(alice, charlie):
    folders.create(alice.pk, "Menus")
    assert not folders.by_path(alice.pk, "Menus").subscribed
    subscriptions.subscribe(alice.pk, "Menus")
    folders.delete(alice.pk, "Menus")
    assert subscriptions.without_folder(alice.pk) == ["Menus"]
    assert subscriptions.without_folder(charlie.pk) == []
    folders.create(alice.pk, "Menus")
    assert folders.by_path(alice.pk, "Menus").subscribed
    assert subscriptions.without_folder(alice.pk) == []


def test_a_name_may_be_subscribed_before_its_folder_is_made(alice):
    subscriptions.subscribe(alice.pk, "Later/Today")
    assert subscriptions.without_folder(alice.pk) == ["Later/Today"]
    subscriptions.unsubscribe(alice.pk, "Later/Today")
    assert subscriptions.without_folder(alice.pk) == []


def test_names_without_folders_are_bounded(alice, monkeypatch):
    monkeypatch.setattr(subscriptions, "MOST", 1)
    subscriptions.subscribe(alice.pk, "One")
    with pytest.raises(InvalidName):
        subscriptions.subscribe(alice.pk, "Two")
