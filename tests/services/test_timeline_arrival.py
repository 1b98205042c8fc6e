"""The path of a message that came here, as its reader sees it."""

from __future__ import annotations

from mailserver.services import inbound, timeline
from mailserver.services.recipients import Local
from tests.support.mail import message


def test_it_tells_the_way_in_of_a_received_message(alice):
    local = Local(alice.pk, "alice@crepes.fr")
    stored = inbound.deliver(
        inbound.Incoming(
            raw=message(),
            sender="bob@hamburger.edu",
            recipients=(local,),
            peer="198.51.100.25",
            helo="mx1.hamburger.edu",
            tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
            protocol="ESMTPS",
        )
    )
    path = timeline.path_of(alice.pk, stored.deliveries[0].message_id)
    assert not path.outgoing
    (found,) = path.ways
    assert found.state == "received"
    assert [step.state for step in found.steps] == ["done", "todo", "todo", "done", "done", "todo"]
    came, filed = found.steps[3:5]
    assert came.title == "mx1.hamburger.edu called our server"
    assert [fact.text for fact in came.facts[:2]] == ["Encrypted, TLSv1.3 TLS_AES_256_GCM_SHA384", "198.51.100.25"]
    assert filed.sentence == "It is in Inbox now."
    assert f"Stored as {stored.reference}" in [fact.text for fact in filed.facts]
