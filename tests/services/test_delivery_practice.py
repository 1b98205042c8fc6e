"""The queue against the servers of the practice internet: what becomes of a message, when it is tried again, and what
its author reads. Found by a real DNS, called at real addresses.
"""

from __future__ import annotations

import pytest
from django.utils import timezone

from mailserver.practice.internet import Internet
from mailserver.practice.places import places
from mailserver.services import delivery, timeline
from mailserver.store.models import QueueRecipient
from tests.support.queueing import only, queued

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def internet():
    with Internet(places(pause=0.002)) as internet:
        yield internet


@pytest.fixture
def send(internet, configure, alice):
    """Send to addresses of one domain and make so many tries; the entry."""
    configure(dns_server=internet.dns.address, remote_smtp_port=internet.port, routes={}, stage_timeout=0.5)

    def story(*addresses: str, tries: int = 1):
        entry = queued(alice, *addresses, sent_copy=True)
        for _ in range(tries):
            QueueRecipient.objects.filter(state="deferred").update(next_attempt_at=timezone.now())
            delivery.deliver_domain(addresses[0].rpartition("@")[2])
        return entry

    return story


# (address, tries) → state, number of attempts, code of the last reply, and words its author reads.
STORIES = {
    ("bob@fine.test", 1): ("delivered", 1, 250, "fine.test has taken it for bob@fine.test."),
    ("bob@greylist.test", 1): ("deferred", 1, 451, "This is normal for a first message to a careful server."),
    ("carol@greylist.test", 2): ("delivered", 2, 250, "greylist.test has taken it"),
    ("bob@busy.test", 1): ("deferred", 1, 421, "busy.test has too much to do at the moment."),
    ("bob@slow.test", 1): ("delivered", 1, 250, "slow.test has taken it"),
    ("bob@full.test", 1): ("deferred", 1, 452, "it helps to tell the person in another way"),
    ("never@full.test", 1): ("bounced", 1, 552, "Couldn’t deliver to never@full.test: the mailbox is full."),
    ("bob@blocked.test", 1): ("bounced", 1, 554, "the address of our server may be on a block list"),
    ("bob@dead.test", 1): ("deferred", 1, None, "We could not hand it to the server of dead.test."),
    ("bob@second.test", 1): ("delivered", 1, 250, "second.test has taken it"),
    ("bob@silent.test", 1): ("deferred", 1, None, "silent.test fell silent in the middle of the conversation."),
    ("bob@cut.test", 1): ("deferred", 1, None, "It may have arrived."),
    ("bob@null.test", 1): ("bounced", 1, None, "null.test takes no mail at all"),
    ("bob@gone.test", 1): ("bounced", 1, None, "the domain gone.test does not exist"),
    ("bob@nodns.test", 1): ("deferred", 1, None, "the directory of the Internet (DNS) cannot say"),
    ("bob@badtls.test", 1): ("delivered", 1, 250, "badtls.test has taken it"),
}


@pytest.mark.parametrize(("story", "wanted"), STORIES.items(), ids=[f"{a} {n}" for a, n in STORIES])
def test_it_ends_as_the_server_will_have_it(send, alice, story, wanted):
    address, tries = story
    entry = send(address, tries=tries)
    row = only(entry)
    state, attempts, code, words = wanted
    assert (row.state, row.attempts, row.reply_code) == (state, attempts, code)
    [way] = timeline.path_of(alice.pk, entry.sent_copy_id).ways
    assert words.casefold() in f"{way.headline} {way.lead}".casefold()
    if state == "deferred":
        assert row.next_attempt_at > timezone.now()
        assert way.next_attempt_at == row.next_attempt_at
        assert way.steps[3].since.startswith("next: ")
    else:
        assert way.next_attempt_at is None


def test_of_several_recipients_each_has_its_own_end(send, alice):
    entry = send("bob@nosuch.test", "nobody@nosuch.test", "noone@nosuch.test")
    assert dict(entry.recipients.values_list("address", "state")) == {
        "bob@nosuch.test": "delivered",
        "nobody@nosuch.test": "bounced",
        "noone@nosuch.test": "bounced",
    }
    path = timeline.path_of(alice.pk, entry.sent_copy_id)
    assert path.headline == "Couldn’t deliver to nobody@nosuch.test and noone@nosuch.test."
    assert path.lead.startswith("The other recipient has it.")
    assert entry.attempts.count() == 1


def test_the_dead_first_server_stands_in_the_dialogue(send, alice):
    entry = send("bob@second.test")
    [way] = timeline.path_of(alice.pk, entry.sent_copy_id).ways
    notes = [line.text for line in way.steps[3].talk.lines if line.side == "note"]
    assert any(note.startswith("Calling mx1.second.test [127.25.0.19]") for note in notes)
    assert way.steps[3].talk.there == "mx2.second.test"
    assert [fact.text for fact in way.steps[2].facts][:2] == ["mx2.second.test, preference 20", "127.25.0.20"]


@pytest.mark.parametrize(("domain", "secret"), [("outdated.badtls.test", True), ("badtls.test", False)])
def test_the_path_says_whether_others_could_read_along(send, alice, domain, secret):
    entry = send(f"bob@{domain}")
    [way] = timeline.path_of(alice.pk, entry.sent_copy_id).ways
    [fact, *_] = way.steps[3].facts
    assert (fact.kind == "secure") is secret
    assert fact.text.startswith("Encrypted, TLSv1.3" if secret else "Not encrypted")


def test_nothing_is_said_of_encryption_where_nobody_answered(send, alice):
    entry = send("bob@dead.test")
    QueueRecipient.objects.update(state="expired", finished_at=timezone.now())
    [way] = timeline.path_of(alice.pk, entry.sent_copy_id).ways
    assert [fact.text for fact in way.steps[3].facts if "ncrypted" in fact.text] == []
