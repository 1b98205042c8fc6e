from __future__ import annotations

from dataclasses import replace

import pytest

from mailserver.errors import SpamRefused
from mailserver.mail.message import parse
from mailserver.mail.senderauth.results import Dkim, Dmarc, Spf, Verdict
from mailserver.mail.spam import rules
from mailserver.mail.spam.judgement import Reason
from mailserver.services import acquaintances, mailboxes, messages, scoring, sendercheck, spamlessons
from mailserver.services.inbound import Incoming
from mailserver.services.recipients import Local
from mailserver.services.scoring import Opened
from mailserver.services.submission import SubmittedRecipient, submit
from mailserver.store.exchange import alone
from mailserver.store.models import Event, Mailbox, MailboxMessage, Message, QueueEntry
from tests.support.mail import delivered, message, taken

pytestmark = pytest.mark.django_db

PEER = "5.6.7.8"
PASSED = Verdict(
    PEER, Spf("pass", "hamburger.edu"), (Dkim("pass", "hamburger.edu"),), Dmarc("pass", "hamburger.edu"), "pass"
)
NOTHING = Verdict(PEER, Spf("none", "hamburger.edu"), (Dkim("none"),), Dmarc("none", "hamburger.edu"), "pass")
LISTED = Reason("blocklist bl.example", 4.0, "The server that sent it is on the blocklist bl.example.")
AWFUL = Reason("rspamd", 20.0, "rspamd: everything else it looked at.")


def incoming(*accounts, raw: bytes = b"", verdict: Verdict | None = NOTHING, **values) -> Incoming:
    people = tuple(Local(account.pk, account.address) for account in accounts)
    raw = raw or message()
    return Incoming(raw=raw, sender="bob@hamburger.edu", recipients=people, peer=PEER, verdict=verdict, **values)


def judged(account, *found: Reason, **values):
    return judgement(incoming(account, found=found, **values), account)


def judgement(given: Incoming, account):
    ((judged, _),) = scoring.judged([Opened(given, parse(given.raw))])
    return judged.judgements[account.pk]


def names(judgement) -> set[str]:
    return {reason.name for reason in judgement.reasons}


def kept_of_bob(account) -> int:
    return alone(acquaintances.standings, [(account.pk, "bob@hamburger.edu")])[account.pk, "bob@hamburger.edu"][0].ham


def place(account) -> str:
    return MailboxMessage.objects.get(account=account).mailbox.special_use


@pytest.fixture(autouse=True)
def reject(settings):
    settings.CORREIO = replace(settings.CORREIO, spam_junk=5.0, spam_reject=15.0)


def test_a_letter_has_nothing_against_it(alice):
    assert judged(alice).score == 0


def test_it_files_each_recipients_mail_where_their_own_history_says(alice, charlie):
    acquaintances.write_to(charlie.pk, ["bob@hamburger.edu"])
    bad = (LISTED, replace(LISTED, name="blocklist bl2.example"))
    taken(incoming(alice, charlie, verdict=PASSED, found=bad))
    assert place(alice) == Mailbox.Use.JUNK
    assert place(charlie) == Mailbox.Use.INBOX


def test_it_refuses_only_what_is_too_much_for_everybody(alice, charlie):
    acquaintances.write_to(charlie.pk, ["bob@hamburger.edu"])
    given = incoming(alice, charlie, verdict=PASSED)
    with pytest.raises(SpamRefused):
        taken(replace(given, found=(AWFUL,)))
    assert not Message.objects.exists()
    taken(replace(given, found=(replace(AWFUL, points=17.0),)))
    assert place(alice) == place(charlie) == Mailbox.Use.JUNK


def test_it_may_be_told_never_to_do_anything(alice, settings):
    settings.CORREIO = replace(settings.CORREIO, spam_junk=0.0, spam_reject=0.0)
    taken(incoming(alice, found=(AWFUL,)))
    assert place(alice) == Mailbox.Use.INBOX


def test_it_keeps_why(alice):
    stored = taken(incoming(alice, raw=message(subject="YOU HAVE WON A PRIZE"), found=(LISTED,)))
    message_id = stored.deliveries[0].message_id
    judgement = scoring.of_messages([message_id])[message_id]
    assert (judgement.score, judgement.action) == (5.0, "junk")
    assert [reason.sentence for reason in judgement.reasons] == [LISTED.sentence, "Its subject is all in capitals."]
    unjudged = delivered(alice)
    assert scoring.of_messages([unjudged.message_id]) == {}


def test_dmarc_decides_whatever_speaks_for_the_mail(alice):
    acquaintances.write_to(alice.pk, ["bob@hamburger.edu"])
    stored = taken(incoming(alice, verdict=replace(PASSED, disposition="quarantine")))
    judgement = scoring.of_messages([stored.deliveries[0].message_id])[stored.deliveries[0].message_id]
    assert judgement.score < 0
    assert judgement.reasons[0] == sendercheck.ASKED
    assert place(alice) == Mailbox.Use.JUNK


@pytest.mark.parametrize(
    ("verdict", "counts"),
    [
        (PASSED, True),
        (NOTHING, False),
        (None, False),
        (replace(NOTHING, spf=Spf("pass", "mail.hamburger.edu")), True),
        (replace(NOTHING, spf=Spf("pass", "evil.example"), dkim=(Dkim("pass", "evil.example"),)), False),
        (replace(NOTHING, dkim=(Dkim("fail", "a.example"), Dkim("pass", "hamburger.edu"))), True),
    ],
)
def test_good_standing_needs_a_proof_of_the_sender(alice, verdict, counts):
    acquaintances.write_to(alice.pk, ["bob@hamburger.edu"])
    assert ("written_to" in names(judged(alice, verdict=verdict))) == counts


def test_mail_of_our_own_networks_needs_none(alice):
    acquaintances.write_to(alice.pk, ["bob@hamburger.edu"])
    given = replace(incoming(alice, verdict=None), peer="127.0.0.1")
    assert names(judgement(given, alice)) == {"written_to"}


def test_three_kept_messages_make_an_acquaintance(alice):
    for _ in range(3):
        assert "acquainted" not in names(judged(alice, verdict=PASSED))
        taken(incoming(alice, verdict=PASSED))
    assert "acquainted" in names(judged(alice, verdict=PASSED))


def test_a_message_that_comes_twice_counts_once(alice):
    given = incoming(alice, verdict=PASSED)
    for _ in range(3):
        taken(given)
    assert kept_of_bob(alice) == 1


def test_spam_does_not_make_acquaintances(alice):
    taken(
        incoming(
            alice,
            found=(
                LISTED,
                LISTED,
            ),
        )
    )
    assert kept_of_bob(alice) == 0


def test_an_answer_is_welcome(alice):
    raw = message(sender="alice@crepes.fr", to="bob@hamburger.edu", message_id="question@crepes.fr")
    messages.append(account_id=alice.pk, mailbox_id=mailboxes.by_use(alice.pk, "sent").pk, raw=raw)
    assert "answer" in names(judged(alice, raw=message(reply_to="question@crepes.fr")))
    assert "answer" not in names(judged(alice, raw=message(reply_to="other@crepes.fr")))
    received = delivered(alice, message_id="news@hamburger.edu")
    assert received.message_id
    assert "answer" not in names(judged(alice, raw=message(reply_to="news@hamburger.edu")))


def test_it_knows_what_passed_through_here_and_what_only_says_so(alice, settings):
    settings.CORREIO = replace(settings.CORREIO, hostname="mx.crepes.fr")
    own = message(sender="alice@crepes.fr", to="bob@hamburger.edu")
    submit(account_id=alice.pk, sender="alice@crepes.fr", recipients=[SubmittedRecipient("x@y.example")], raw=own)
    passed = bytes(QueueEntry.objects.get().prefix) + message(message_id="returned@y.example")
    assert "forged_passage" not in names(judged(alice, raw=passed))
    forged = message(
        extra="Received: from x ([1.2.3.4])\r\n\tby MX.crepes.fr with ESMTP\r\n\tid 0123456789ABCDEF; x\r\n"
    )
    assert "forged_passage" in names(judged(alice, raw=forged))
    other = message(extra="Received: from mx.crepes.fr by mx.y.example with ESMTP id 0123456789ABCDEF; x\r\n")
    assert "forged_passage" not in names(judged(alice, raw=other))


def test_it_has_learned_to_read(alice, charlie):
    inbox, junk = (mailboxes.by_use(alice.pk, use).pk for use in ("inbox", "junk"))
    spam, kept = "Cheap pills and fast money for you", "The crêpes on Saturday need more cider"
    good = [delivered(alice, body=kept, sender="Eve <eve@crepes.fr>").uid for _ in range(10)]
    bad = [delivered(alice, body=spam, sender=f"x{n}@s{n}.example").uid for n in range(10)]
    messages.set_flags(account_id=alice.pk, mailbox_id=inbox, uids=good, add=1)
    messages.move(account_id=alice.pk, mailbox_id=inbox, uids=bad, target_id=junk)
    spamlessons.learn()
    again = message(sender="new@elsewhere.example", subject="Offer", body=f"{spam}\r\n")
    assert max(reason.points for reason in judged(alice, raw=again).reasons if reason.name == "words") > 0
    letter = message(sender="new@elsewhere.example", subject="Party", body=f"{kept}\r\n")
    assert max(reason.points for reason in judged(alice, raw=letter).reasons if reason.name == "words") < 0
    assert "words" not in names(judged(charlie, raw=again))


def test_a_rule_that_stumbles_costs_no_message(alice, monkeypatch, caplog):
    def stumbles(letter):
        raise RecursionError

    monkeypatch.setattr(rules, "reasons", stumbles)
    taken(incoming(alice))
    assert place(alice) == Mailbox.Use.INBOX
    assert "a rule stumbled" in caplog.text


@pytest.mark.parametrize(
    "raw", [b"Hello\r\n", b"\0\xff\r\n", b"From: \xff\0@\0\r\nReply-To: \0\r\n\r\n", b"Received: by" * 99]
)
def test_it_judges_any_octets(alice, raw):
    taken(incoming(alice, raw=raw))
    assert Event.objects.get(kind=Event.Kind.STORED).detail["judgement"]["reasons"]
