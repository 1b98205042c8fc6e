"""NOTIFY (RFC 5465): what becomes of folders and subscriptions."""

from __future__ import annotations

import pytest


@pytest.fixture
def other(live, bob):
    return live(bob.address)


def listed(*attributes: str, name: str) -> bytes:
    return rf'* LIST ({" ".join(attributes)}) "/" {name}'.encode()


def test_names(live, other, bob):
    client = live(bob.address)
    client.ok("NOTIFY SET (personal (MailboxName SubscriptionChange))")
    other.ok("CREATE Lists")
    assert client.response() == listed("\\HasNoChildren", name="Lists")
    other.ok("SUBSCRIBE Lists")
    assert client.response() == listed("\\HasNoChildren", "\\Subscribed", name="Lists")
    other.ok("UNSUBSCRIBE Lists")
    assert client.response() == listed("\\HasNoChildren", name="Lists")
    other.ok("UNSUBSCRIBE Archive")
    assert client.response() == listed("\\HasNoChildren", "\\Archive", name="Archive")
    other.ok("RENAME Lists Groups")
    assert client.response() == listed("\\HasNoChildren", name='Groups ("OLDNAME" (Lists))')
    other.ok("DELETE Groups")
    assert client.response() == listed("\\NonExistent", name="Groups")


def test_the_folder_above_is_told_too_and_those_below_a_renamed_one_are_not(live, other, bob):
    """RFC 5465 §5.4."""
    client = live(bob.address)
    client.ok("NOTIFY SET (personal (MailboxName))")
    other.ok("CREATE Lists")
    assert client.response() == listed("\\HasNoChildren", name="Lists")
    other.ok("CREATE Lists/python")
    assert client.response() == listed("\\HasNoChildren", name="Lists/python")
    assert client.response() == listed("\\HasChildren", name="Lists")
    other.ok("RENAME Lists Groups")
    assert client.response() == listed("\\HasChildren", name='Groups ("OLDNAME" (Lists))')
    other.ok("DELETE Groups/python")
    assert client.response() == listed("\\NonExistent", name="Groups/python")
    assert client.response() == listed("\\HasNoChildren", name="Groups")


def test_what_the_client_does_itself_to_names_is_not_told(live, other, bob):
    client = live(bob.address)
    client.ok("NOTIFY SET (personal (MailboxName SubscriptionChange MessageNew MessageExpunge))")
    for command in (
        "CREATE Lists/python",
        "SUBSCRIBE Lists",
        "UNSUBSCRIBE Lists",
        "RENAME Lists Groups",
        "DELETE Groups/python",
        "UNSUBSCRIBE Archive",
    ):
        client.ok(command)
    client.expect_silence(0.3)
    other.ok("CREATE Theirs")
    assert client.response() == listed("\\HasNoChildren", name="Theirs")


def test_names_of_some(live, other, bob):
    client = live(bob.address)
    client.ok("NOTIFY SET (subtree Lists (MailboxName))")
    other.ok("CREATE Elsewhere")
    other.ok("CREATE Lists/python")
    assert [client.response().rpartition(b" ")[2] for _ in range(2)] == [b"Lists", b"Lists/python"]
