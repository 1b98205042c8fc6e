"""Messages that are filed together are judged together: as each would be alone, in a few statements for all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import OperationalError
from django.utils import timezone
from psycopg import errors

from mailserver.errors import SpamRefused
from mailserver.mail.message import parse
from mailserver.mail.spam.evidence import Standing
from mailserver.mail.spam.judgement import Reason
from mailserver.mail.spam.letter import Letter, Passage
from mailserver.mail.spam.tokens import tokens
from mailserver.services import acquaintances, arrivals, mailboxes, messages, scoring, sendercheck, spamwords
from mailserver.services.inbound import Incoming, Stored
from mailserver.services.recipients import Local
from mailserver.services.scoring import Opened
from mailserver.store.exchange import alone
from mailserver.store.models import Event, Mailbox, MailboxMessage, SpamTotal
from tests.support.mail import message
from tests.support.statements import counted

pytestmark = pytest.mark.django_db

BAD = Reason("rspamd", 6.0, "rspamd: everything else it looked at.")
AWFUL = replace(BAD, points=20.0)
SPAM = "Cheap pills and fast money for you\r\n"
KEPT = "The buckwheat on Saturday needs more cider\r\n"


@pytest.fixture(autouse=True)
def bounds(settings):
    settings.CORREIO = replace(settings.CORREIO, spam_junk=5.0, spam_reject=15.0)


def to(*accounts, found: tuple[Reason, ...] = (), **parts: str) -> Incoming:
    people = tuple(Local(account.pk, account.address) for account in accounts)
    return Incoming(raw=message(**parts), sender="bob@hamburger.edu", recipients=people, found=found)


def opened(*batch: Incoming) -> list[Opened]:
    return [Opened(incoming, parse(incoming.raw)) for incoming in batch]


def names(letter: Opened, account) -> set[str]:
    return {reason.name for reason in letter.incoming.judgements[account.pk].reasons}


def uses(account) -> list[str]:
    entries = MailboxMessage.objects.filter(account=account).order_by("message_id")
    return list(entries.values_list("mailbox__special_use", flat=True))


def kept_of(account, address: str) -> int:
    return alone(acquaintances.standings, [(account.pk, address)])[account.pk, address][0].ham


def teach(account) -> None:
    """An account that knows the words of SPAM and of KEPT."""
    for text, values in ((SPAM, {"spam": 1, "ham": 0}), (KEPT, {"spam": 0, "ham": 1})):
        ((incoming, parsed),) = opened(to(account, body=text))
        words = tokens(Letter(incoming.raw, parsed, Passage(timezone.now())))
        spamwords.hold(account.pk)
        for _ in range(10):
            spamwords.add(account.pk, words, **values)


@pytest.mark.parametrize("count", [1, 5, 60])
def test_it_asks_two_questions_about_strangers_who_write_to_the_untaught(alice, bob, count):
    batch = opened(*(to(alice, bob, sender=f"x{number}@s.example") for number in range(count)))
    with counted() as statements:
        scoring.judged(batch)
    # How to plan, which accounts have lessons, and whom they know.
    assert len(statements) == 3


@pytest.mark.parametrize("count", [1, 5, 60])
def test_it_asks_six_at_most(alice, bob, count, settings):
    teach(alice)
    teach(bob)
    passage = f"Received: from x ([1.2.3.4])\r\n\tby {settings.CORREIO.hostname} with ESMTP\r\n\tid {{}}; x\r\n"
    batch = opened(
        *(
            to(alice, bob, reply_to=f"q{number}@crepes.fr", extra=passage.format(f"{number:016}"))
            for number in range(count)
        )
    )
    with counted() as statements:
        scoring.judged(batch)
    # How to plan; numbers of passages, totals, acquaintances, what is answered; words.
    assert len(statements) == 6


def test_a_group_costs_as_many_statements_as_a_message(alice, bob, charlie):
    costs = []
    for count in (1, 5, 60):
        batch = [to(alice, bob, charlie) for _ in range(count)]
        with counted() as statements:
            arrivals.deliver(batch)
        costs.append(len(statements))
    assert len(set(costs)) == 1
    # Filing takes 19 at most (test_inbound_batch.py). Three more to judge, and two to count senders.
    assert costs[0] <= 19 + 3 + 2


def test_each_goes_where_its_own_judgement_says(alice, charlie):
    teach(alice)
    acquaintances.write_to(charlie.pk, ["bob@hamburger.edu"])
    answers = arrivals.deliver(
        [
            to(alice, charlie, found=(BAD,)),
            to(alice, charlie),
            to(alice, found=(AWFUL,)),
            to(alice, found=(replace(BAD, points=1.5),), body=SPAM),
            to(alice, found=(replace(BAD, points=1.5),), body=KEPT),
        ]
    )
    assert isinstance(answers[2], SpamRefused)
    assert [isinstance(answer, Stored) for answer in answers] == [True, True, False, True, True]
    assert uses(alice) == [Mailbox.Use.JUNK, Mailbox.Use.INBOX, Mailbox.Use.JUNK, Mailbox.Use.INBOX]
    assert uses(charlie) == [Mailbox.Use.INBOX, Mailbox.Use.INBOX]


def test_it_judges_together_as_alone(alice, bob, charlie, monkeypatch):
    teach(alice)
    teach(charlie)
    acquaintances.write_to(charlie.pk, ["bob@hamburger.edu"])
    own = message(sender="alice@crepes.fr", to="bob@hamburger.edu", message_id="question@crepes.fr")
    messages.append(account_id=alice.pk, mailbox_id=mailboxes.by_use(alice.pk, "sent").pk, raw=own)
    batch = opened(
        to(alice, body=SPAM),
        to(alice, charlie, body=KEPT),
        to(alice, bob, charlie, reply_to="question@crepes.fr"),
        to(bob, reply_to="question@crepes.fr", body=SPAM),
        to(charlie, body=SPAM, sender="Eve <eve@s.example>"),
        to(alice, subject="YOU HAVE WON", sender="nobody"),
    )
    together = scoring.judged(batch)
    assert together == [scoring.judged([letter])[0] for letter in batch]
    assert ("answer" in names(together[2], alice), "answer" in names(together[2], bob)) == (True, False)
    assert "answer" not in names(together[3], bob)
    monkeypatch.setattr(scoring, "COPIES_AT_ONCE", 2)
    assert scoring.judged(batch) == together


def test_it_counts_each_message_kept_once(alice, charlie):
    raw = message(message_id="once@hamburger.edu")
    twice = replace(to(alice), raw=raw)
    two_addresses = replace(to(alice), recipients=(Local(alice.pk, "a@crepes.fr"), Local(alice.pk, "b@crepes.fr")))
    eve = to(alice, charlie, sender="Eve@hamburger.edu")
    arrivals.deliver([twice, twice, two_addresses, to(alice, found=(BAD,)), to(alice, found=(AWFUL,)), eve])
    address, domain = alone(acquaintances.standings, [(alice.pk, "bob@hamburger.edu")])[alice.pk, "bob@hamburger.edu"]
    assert (address, domain) == (Standing(ham=2), Standing(ham=3))
    assert (kept_of(alice, "eve@hamburger.edu"), kept_of(charlie, "eve@hamburger.edu")) == (1, 1)
    arrivals.deliver([to(alice)])
    assert kept_of(alice, "bob@hamburger.edu") == 3


@pytest.mark.parametrize("place", range(5))
def test_one_that_cannot_be_judged_is_filed_and_harms_no_other(alice, monkeypatch, caplog, place):
    batch = [to(alice, subject="YOU HAVE WON A PRIZE") for _ in range(5)]
    batch[place] = replace(batch[place], sender="trouble@hamburger.edu", found=(BAD,))
    real = sendercheck.checks

    def stumbles(incoming):
        if incoming.sender.startswith("trouble"):
            raise RecursionError
        return real(incoming)

    monkeypatch.setattr(sendercheck, "checks", stumbles)
    answers = arrivals.deliver(batch)
    assert all(isinstance(answer, Stored) for answer in answers)
    judgements = scoring.of_messages([answer.deliveries[0].message_id for answer in answers])
    found = [{reason.name for reason in judgement.reasons} for judgement in judgements.values()]
    assert sorted(found, key=sorted) == [{"rspamd"}, *[{"shouting"}] * 4]
    assert uses(alice)[place] == Mailbox.Use.JUNK
    assert "a message from <trouble@hamburger.edu> cannot be judged" in caplog.text


def test_it_says_nothing_of_any_message_when_the_database_is_away(alice, monkeypatch):
    tried = []

    def away(exchange, accounts):
        tried.append(accounts)
        raise OperationalError("could not write") from errors.DiskFull()

    monkeypatch.setattr(spamwords, "totals", away)
    with pytest.raises(OperationalError):
        arrivals.deliver([to(alice) for _ in range(8)])
    assert len(tried) == 1
    assert not MailboxMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_senders_that_cannot_be_counted_cost_no_message(alice, monkeypatch, caplog):
    monkeypatch.setattr(acquaintances, "keep", lambda exchange, kept: exchange.add("SELECT 1 / 0"))
    (answer,) = arrivals.deliver([to(alice)])
    assert isinstance(answer, Stored)
    assert MailboxMessage.objects.filter(message_id=answer.deliveries[0].message_id).exists()
    assert "the senders of 1 messages filed are not counted" in caplog.text


def test_words_are_not_asked_for_before_enough_was_learned(alice):
    SpamTotal.objects.create(account=alice, spam=9, ham=50)
    with counted() as statements:
        scoring.judged(opened(to(alice)))
    assert not any("spamword" in statement for statement in statements)


def test_the_event_of_each_message_keeps_its_own_reasons(alice, charlie):
    arrivals.deliver([to(alice, found=(BAD,)), to(charlie, subject="ALL OF IT IN CAPITALS")])
    kept = Event.objects.filter(kind=Event.Kind.STORED).order_by("account__address").values_list("detail", flat=True)
    assert [[name for name, _, _ in detail["judgement"]["reasons"]] for detail in kept] == [["rspamd"], ["shouting"]]
