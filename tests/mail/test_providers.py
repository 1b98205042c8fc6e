"""Replies of large receivers and widespread servers, and the kind of reason a person is told."""

from __future__ import annotations

import pytest

from mailserver.mail.explain import reply

BOB = "bob@hamburger.edu"

GMAIL = {
    "550-5.2.1 The user you are trying to contact is receiving mail at a rate that prevents": "mailbox_busy",
    "421-4.7.0 [192.0.2.1 15] Our system has detected that this message is suspicious": "spam",
    "550-5.7.1 Our system has detected that this message is likely unsolicited mail.": "spam",
    "552-5.7.0 This message was blocked because its content presents a potential security issue.": "malware",
    "550 5.4.5 Daily user sending limit exceeded.": "your_limit",
    "550-5.7.1 The IP you're using to send mail is not authorized to send email directly to our servers.": "blocked",
    "550-5.7.1 This message is not RFC 5322 compliant.": "bad_content",
    "421 4.7.0 Temporary System Problem. Try again later.": "not_now",
    "550-5.7.26 This mail has been blocked because the sender is unauthenticated. DKIM = did not pass": "not_proven",
    "550-5.7.27 The sending domain's SPF record does not authorize the IP": "not_proven",
    "452-4.2.2 The recipient's inbox is out of storage space.": "full",
    "550 5.7.25 The sending IP does not match the IP address of the hostname in its PTR record": "no_name",
}
MICROSOFT = {
    "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent; part of their network is on our block list": (
        "blocked"
    ),
    "550 5.7.511 Access denied, banned sender[192.0.2.1].": "blocked",
    "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation.": "slow_down",
    "451 4.7.500 Server busy. Please try again later from [192.0.2.1].": "busy",
    "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required": "members_only",
    "550 5.7.509 Access denied, sending domain crepes.fr does not pass DMARC verification": "not_proven",
    "550 5.7.515 Access denied, sending domain crepes.fr doesn't meet the required authentication level.": "not_proven",
    "550 5.7.520 Access denied, Your organization does not allow external forwarding.": "no_forwarding",
    "550 5.2.122 The recipient has exceeded their limit; Message receive limit exceeded": "mailbox_busy",
    "554 5.4.14 Hop count exceeded - possible mail loop": "loop",
    "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException": "full",
}
OTHERS = {
    "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints": "slow_down",
    "554 5.7.9 Message not accepted for policy reasons.": "not_allowed",
    "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, the ip is in Spamhaus's list": "blocked",
    "554 delivery error: dd This mailbox is disabled (554.30).": "disabled",
    "550 5.7.1 [CS01] Message rejected due to local policy.": "not_allowed",
    "554-Transaction failed Reject due to policy restrictions.": "not_allowed",
    "554 Bad DNS PTR resource record.": "no_name",
    "554 IP=192.0.2.1 - A problem occurred. Ask your postmaster for help": "blocked",
    "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.spamcop.net": "blocked",
    "554 5.5.1 Error: no valid recipients": "nobody_left",
    "550 Unrouteable address": "no_mailbox",
    "550 5.1.2 <bob@hamburger.edu>: Recipient address rejected: Domain not found": "no_domain",
    "504 5.5.2 <pc>: Helo command rejected: need fully-qualified hostname": "no_name",
    "550 The person no longer works here": "disabled",
    "451 Internal resources temporarily unavailable": "busy",
    "450 4.2.0 Postgrey: please come back later": "greylisted",
}


@pytest.mark.parametrize(("said", "kind"), [*GMAIL.items(), *MICROSOFT.items(), *OTHERS.items()])
def test_it_knows_the_phrases_of_large_receivers(said, kind):
    assert reply(said, BOB).kind == kind


def test_a_phrase_never_repeats_their_words_and_says_what_to_do():
    told = reply("550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup", "team@hamburger.edu")
    assert told.headline == ("Couldn’t deliver to team@hamburger.edu: only certain people may write to this address.")
    assert told.advice.startswith("Ask the owner")
