from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import meanings, replies
from mailserver.mail.explain import explain, reply
from mailserver.mail.meanings import Meaning

BOB = "bob@hamburger.edu"

# As servers of the world say it: Postfix, Exim, Gmail, Exchange Online, qmail, Yahoo, our own.
SAID = {
    "550 5.1.1 No such user here": "no_mailbox",
    "550 5.1.1 <bob@hamburger.edu>: Recipient address rejected: User unknown in local recipient table": "no_mailbox",
    "550-5.1.1 The email account that you tried to reach does not exist.": "no_mailbox",
    "550 5.4.1 Recipient address rejected: Access denied. [AM0EUR02FT064.eop-EUR02.prod]": "no_mailbox",
    "550 sorry, no mailbox here by that name (#5.1.1 - chkuser)": "no_mailbox",
    "550 Requested action not taken: mailbox unavailable": "no_mailbox",
    "550 Unknown user": "no_mailbox",
    "554 delivery error: dd This user doesn't have an account; user unknown": "no_mailbox",
    "450 4.1.1 <bob@hamburger.edu>: Recipient address rejected: unverified address": "unsure",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup": "no_mailbox",
    "556 5.1.10 hamburger.edu takes no mail": "takes_no_mail",
    "551 User not local; please try <bob@elsewhere.test>": "not_theirs",
    "550 5.1.6 Mailbox has moved": "moved",
    "550 5.1.2 Domain not found": "no_domain",
    "501 5.1.3 Bad recipient address syntax": "bad_address",
    "550 5.1.8 <alice@crepes.fr>: Sender address rejected: Domain not found": "bad_sender",
    "450 Sender address rejected: Domain not found": "bad_sender",
    "550 5.2.1 The email account that you tried to reach is disabled": "disabled",
    "450 4.2.1 The user you are trying to contact is receiving mail too quickly": "mailbox_busy",
    "452 4.2.2 The mailbox is full": "full",
    "552 5.2.2 The email account that you tried to reach is over quota": "full",
    "552 Requested mail action aborted: exceeded storage allocation": "full",
    "552 5.3.4 Message size exceeds fixed limit": "too_large",
    "552 Message size exceeds maximum permitted": "too_large",
    "451 4.7.1 Greylisted, please try again later": "greylisted",
    "450 4.2.0 <bob@hamburger.edu>: Recipient address rejected: Greylisted, see http://postgrey.test": "greylisted",
    "451 4.7.1 Service unavailable - try again later": "wait",
    "421 4.3.2 Shutting down": "not_now",
    "421 Too many connections": "slow_down",
    "421-4.7.28 Our system has detected an unusual rate of unsolicited mail": "slow_down",
    "452 4.3.1 Insufficient system storage": "system_full",
    "452 4.5.3 Too many recipients": "too_many",
    "554 5.7.1 Service unavailable; Client host [11.0.0.1] blocked using zen.spamhaus.org": "blocked",
    "554 5.7.1 <unknown[11.0.0.1]>: Client host rejected: Access denied": "blocked",
    "450 4.7.1 Client host rejected: cannot find your reverse hostname, [11.0.0.1]": "no_name",
    "550-5.7.26 Your email has been blocked because the sender is unauthenticated.": "not_proven",
    "550 5.7.1 Email rejected per DMARC policy for crepes.fr": "not_proven",
    "554 5.7.1 This message looks like spam": "spam",
    "550 5.7.1 Virus found: Eicar-Test-Signature": "malware",
    "554 5.7.1 <bob@elsewhere.test>: Relay access denied": "not_theirs",
    "530 5.7.0 Must issue a STARTTLS command first": "encrypted_only",
    "553 5.6.7 Non-ASCII address not allowed": "plain_letters",
    "554 5.4.6 Too many hops": "loop",
    "554 5.6.0 Message contains invalid header": "bad_content",
    "503 5.5.1 Bad sequence of commands": "misunderstood",
    "554 5.5.0 This draft was sent or changed already": "draft_gone",
    "550 Go away": "refused",
    "450 Not now": "wait",
    "HTTP/1.1 400": "wait",
    "": "wait",
}

OWN = {
    replies.UNKNOWN_RECIPIENT: "no_mailbox",
    replies.RELAY_DENIED: "not_theirs",
    replies.MAILBOX_FULL: "full",
    replies.MAILBOX_FULL_FOR_GOOD: "full",
    replies.RECIPIENT_DISABLED: "disabled",
    replies.MESSAGE_TOO_LARGE: "too_large",
    replies.TOO_MANY_RECIPIENTS: "too_many",
    replies.SYSTEM_FULL: "system_full",
    replies.SENDER_NOT_YOURS: "not_yours",
    replies.FROM_NOT_YOURS: "not_yours",
    replies.SENDING_LIMIT: "your_limit",
    replies.HOURLY_LIMIT: "your_hour",
    replies.AUTH_REQUIRED: "sign_in",
    replies.AUTH_FAILED: "sign_in",
    replies.TLS_REQUIRED: "encrypted_only",
    replies.TOO_MANY_HOPS: "loop",
    replies.RECIPIENT_NEEDS_SMTPUTF8: "plain_letters",
    replies.RECIPIENT_NOT_AN_ADDRESS: "bad_address",
    replies.LONE_CR_OR_LF: "bad_content",
    replies.TRY_LATER: "not_now",
    replies.SHUTTING_DOWN: "not_now",
}

# What our own client finds without a word of the other side (code 0).
FOUND = {
    ("4.4.1", "mx1.hamburger.edu did not answer within 30 seconds"): "no_answer",
    ("4.4.2", "the server closed the connection"): "broken",
    ("4.4.2", "no answer to MAIL FROM within 300 seconds"): "silent",
    ("4.4.2", "The message was sent, but … It may have arrived all the same"): "in_doubt",
    ("4.4.3", "The DNS cannot say now where mail for hamburger.edu goes"): "no_directory",
    ("4.4.4", "The route of hamburger.edu leads to typo.test, which has no address"): "no_route",
    ("4.5.0", "the server does not speak SMTP, it said: HTTP/1.1 400"): "misunderstood",
    ("5.1.2", "The domain hamburger.edu does not exist"): "no_domain",
    ("5.1.10", "The domain hamburger.edu takes no mail"): "takes_no_mail",
    ("5.3.4", "The message has 83 octets, the server takes 82"): "too_large",
    ("5.4.4", "No mail server of hamburger.edu has an address"): "no_route",
    ("5.4.6", "Mail for hamburger.edu leads back to this server, which does not serve it"): "loop",
    ("5.6.7", "The server does not take addresses or headers with characters beyond ASCII"): "plain_letters",
}


@pytest.mark.parametrize(("said", "kind"), SAID.items())
def test_it_understands_what_servers_say(said, kind):
    assert reply(said, BOB).kind == kind


@pytest.mark.parametrize(("own", "kind"), OWN.items())
def test_it_understands_our_own_server(own, kind):
    assert reply(str(own), BOB).kind == kind


@pytest.mark.parametrize(("finding", "kind"), FOUND.items())
def test_it_understands_our_own_client(finding, kind):
    explained = explain(0, *finding, BOB)
    assert explained.kind == kind
    assert explained.final is finding[0].startswith("5")
    assert explain(None, *finding, BOB) == explained


def test_it_says_what_happened_and_what_to_do():
    explained = reply("550 5.1.1 No such user here", BOB)
    assert explained.headline == "Couldn’t deliver to bob@hamburger.edu: the mailbox does not exist."
    assert explained.reason == "The mailbox does not exist."
    assert explained.advice.startswith("Check the address for a typing mistake")
    assert explained.final


def test_it_calms_while_delivery_goes_on():
    explained = reply("451 4.7.1 Greylisted", BOB)
    assert explained.headline == (
        "Not delivered to bob@hamburger.edu yet: hamburger.edu does not know us yet and asks to come back later."
    )
    assert explained.reason == "hamburger.edu does not know us yet and asks to come back later."
    assert "you need not do anything" in explained.advice
    assert not explained.final


def test_it_speaks_differently_when_the_queue_has_given_up():
    explained = explain(452, "4.2.2", "The mailbox is full", BOB, final=True)
    assert explained.headline == "Couldn’t deliver to bob@hamburger.edu: the mailbox is full."
    assert explained.advice.startswith("Your server tried again and again without success. Tell the person")


def test_it_can_do_without_a_recipient():
    explained = reply("550 5.7.1 Go away")
    assert explained.headline == explained.reason == "The server refused the message."


@pytest.mark.parametrize("said", ["550", "550 ", "550 5.1.1", "550-5.1.1 two\n550 5.1.1 lines"])
def test_it_reads_short_and_long_replies(said):
    assert reply(said, BOB).final


@pytest.mark.parametrize(
    ("enhanced", "text", "kind"),
    [
        ("4.7.4", "mx1.hamburger.edu does not offer encryption", "unprotected"),
        ("4.7.5", "The certificate of mx1.hamburger.edu: certificate has expired", "unprotected"),
        ("5.7.30", "mx1.hamburger.edu does not support REQUIRETLS", "no_promise"),
        ("4.7.0", "The smart host does not take our name and password: 535 5.7.8 No", "smart_host"),
    ],
)
def test_it_knows_why_our_own_server_held_it_back(enhanced, text, kind):
    assert explain(0, enhanced, text, BOB).kind == kind


@pytest.mark.parametrize("meaning", [value for value in vars(meanings).values() if isinstance(value, Meaning)])
def test_it_has_only_whole_sentences(meaning):
    assert meaning.phrase
    assert not meaning.phrase.endswith(".")
    assert meaning.phrase[0].islower() or meaning.phrase.startswith("{domain}")
    for advice in (meaning.advice, meaning.meanwhile):
        assert advice[0].isupper()
        assert advice.endswith(".")


@given(
    code=st.none() | st.integers(0, 999),
    enhanced=st.text(max_size=8) | st.from_regex(r"[245]\.\d{1,3}\.\d{1,3}", fullmatch=True),
    text=st.text(),
    final=st.none() | st.booleans(),
)
def test_it_always_finds_words_of_its_own(code, enhanced, text, final):
    explained = explain(code, enhanced, text, BOB, final=final)
    for sentence in (explained.headline, explained.reason, explained.advice):
        assert sentence.endswith(".")
        assert "{" not in sentence
    assert final is None or explained.final is final


@pytest.mark.parametrize("recipient", ["{kind}@{0}", "bob", "@", "b{}b@hamburger.edu"])
def test_it_takes_any_recipient(recipient):
    assert reply("550 5.1.2 no", recipient).headline.startswith(f"Couldn’t deliver to {recipient}: ")
