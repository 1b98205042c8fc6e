from __future__ import annotations

import pytest

from mailserver.servers.imap.grammar.attributes import Attribute, BodySection, Section
from mailserver.servers.imap.grammar.errors import ParseError
from mailserver.servers.imap.grammar.events import Event, EventGroup
from mailserver.servers.imap.grammar.sessioncommands import Notify
from tests.servers.imap.grammar.writing import read

NEW, GONE, FLAGS = Event("MessageNew"), Event("MessageExpunge"), Event("FlagChange")

GOOD = [
    (b"NOTIFY NONE", Notify()),
    (b"notify set (personal NONE)", Notify((EventGroup("personal"),))),
    (b"NOTIFY SET STATUS (SELECTED NONE)", Notify((EventGroup("selected"),), status=True)),
    (
        b"NOTIFY SET (selected (messagenew MESSAGEEXPUNGE))",
        Notify((EventGroup("selected", (), (NEW, GONE)),)),
    ),
    (
        b"NOTIFY SET STATUS (selected-delayed (MessageNew (UID BODY.PEEK[HEADER.FIELDS (From)]) MessageExpunge"
        b" FlagChange)) (subtree INBOX (MailboxName SubscriptionChange)) (mailboxes (inbox Cr&AOo-pes)"
        b" (MessageNew MessageExpunge AnnotationChange)) (inboxes NONE) (subscribed (MailboxMetadataChange))",
        Notify(
            (
                EventGroup(
                    "selected-delayed",
                    (),
                    (
                        Event(
                            "MessageNew",
                            (
                                Attribute("UID"),
                                BodySection(
                                    Section(text="HEADER.FIELDS", fields=("From",)),
                                    "BODY[HEADER.FIELDS (From)]",
                                    peek=True,
                                ),
                            ),
                        ),
                        GONE,
                        FLAGS,
                    ),
                ),
                EventGroup("subtree", ("INBOX",), (Event("MailboxName"), Event("SubscriptionChange"))),
                EventGroup("mailboxes", ("INBOX", "Crêpes"), (NEW, GONE, Event("AnnotationChange"))),
                EventGroup("inboxes"),
                EventGroup("subscribed", (), (Event("MailboxMetadataChange"),)),
            ),
            status=True,
        ),
    ),
    (
        b"NOTIFY SET ( mailboxes {1}\r\nx ( ServerMetadataChange ) )",
        Notify((EventGroup("mailboxes", ("x",), (Event("ServerMetadataChange"),)),)),
    ),
]

BAD = [
    b"NOTIFY",
    b"NOTIFY NONE x",
    b"NOTIFY SET",
    b"NOTIFY SET STATUS",
    b"NOTIFY SET personal NONE",
    b"NOTIFY SET (personal)",
    b"NOTIFY SET (personal ())",
    b"NOTIFY SET (personal MailboxName)",
    b"NOTIFY SET (butter NONE)",
    b"NOTIFY SET (subtree NONE)",
    b"NOTIFY SET (mailboxes () NONE)",
    b"NOTIFY SET (personal NONE",
    # RFC 5465 §5: what goes together
    b"NOTIFY SET (personal (MessageNew))",
    b"NOTIFY SET (personal (MessageExpunge))",
    b"NOTIFY SET (personal (FlagChange))",
    b"NOTIFY SET (selected (MessageNew MessageExpunge MailboxName))",
    b"NOTIFY SET (selected NONE) (selected-delayed NONE)",
    b"NOTIFY SET (personal (MessageNew (UID) MessageExpunge))",
    b"NOTIFY SET (selected (MessageNew () MessageExpunge))",
    b"NOTIFY SET (mailboxes (" + b" ".join([b"a"] * 501) + b") NONE)",
]


@pytest.mark.parametrize(("written", "command"), GOOD)
def test_it_reads(written, command):
    assert read(written) == command


@pytest.mark.parametrize("written", BAD)
def test_it_refuses(written):
    with pytest.raises(ParseError) as raised:
        read(written)
    assert (raised.value.tag, raised.value.status) == ("a", "BAD")


def test_it_says_which_events_there_are():
    with pytest.raises(ParseError) as raised:
        read(b"NOTIFY SET (personal (ButterMelted))")
    assert raised.value.status == "NO"
    assert raised.value.code == "BADEVENT (FlagChange MailboxName MessageExpunge MessageNew SubscriptionChange)"
