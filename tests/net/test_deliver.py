"""One message to one server: the dialogue, the extensions, what each reply makes of each recipient."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest
import uvloop

from mailserver.errors import InvalidName
from mailserver.net.smtp_client import deliver
from mailserver.practice.scripted import ScriptedServer
from tests.net.delivering import BOB, CAROL, CONTENT, MESSAGE, PATIENT, dialogue, hop, said, send

BOTH = replace(MESSAGE, recipients=(BOB, CAROL))
PLAIN = ("SIZE 10485760",)


def outcomes(report):
    return {result.recipient: (result.outcome, result.reply) for result in report.results}


def test_it_speaks_the_textbook_dialogue():
    with ScriptedServer(extensions=None) as server:
        report = send(server)
    assert said(report) == [
        "S: 220 mx1.hamburger.edu ESMTP ready",
        "C: EHLO mail.crepes.fr",
        "S: 502 5.5.1 Command not known",
        "C: HELO mail.crepes.fr",
        "S: 250 mx1.hamburger.edu",
        "C: MAIL FROM:<alice@crepes.fr>",
        "S: 250 2.1.0 Sender OK",
        "C: RCPT TO:<bob@hamburger.edu>",
        "S: 250 2.1.5 Recipient OK",
        "C: DATA",
        "S: 354 End with a line that has only a dot",
        "C: .",
        "S: 250 2.0.0 Queued as 7F3A91",
        "C: QUIT",
        "S: 221 2.0.0 Bye",
    ]
    assert server.messages == [CONTENT]


def test_it_reports_what_happened():
    with ScriptedServer() as server:
        report = send(server)
    [result] = report.results
    assert result.outcome == "delivered"
    assert (result.code, result.enhanced, result.text) == (250, "2.0.0", "Queued as 7F3A91")
    assert result.reply == "250 2.0.0 Queued as 7F3A91"
    assert result.hop == report.hop == hop(server)
    assert report.tls == result.tls == ""
    assert report.started.tzinfo is UTC
    assert report.started <= report.finished


def test_it_sends_commands_in_one_go_and_tells_them_in_order():
    with ScriptedServer(extensions=["PIPELINING"]) as server:
        report = send(server)
    told = dialogue(report)
    start = told.index("-- 3 commands sent in one go (PIPELINING)")
    assert told[start + 1 : start + 9] == [
        "C: MAIL FROM:<alice@crepes.fr>",
        "S: 250 2.1.0 Sender OK",
        "C: RCPT TO:<bob@hamburger.edu>",
        "S: 250 2.1.5 Recipient OK",
        "C: DATA",
        "S: 354 End with a line that has only a dot",
        f"-- {len(CONTENT)} bytes of message",
        "C: .",
    ]
    sent = [line.at for line in report.lines if line.text.startswith(("MAIL", "RCPT", "DATA"))]
    assert len(set(sent)) == 1


def test_it_never_shows_the_message():
    with ScriptedServer() as server:
        report = send(server)
    assert not [line for line in report.lines if "ketchup" in line.text]


def test_it_works_on_uvloop():
    with ScriptedServer(extensions=["PIPELINING", "STARTTLS"]) as server:
        report = uvloop.run(deliver([hop(server)], MESSAGE, hostname="mail.crepes.fr", timeouts=PATIENT))
    assert report.results[0].outcome == "delivered"
    assert report.tls.startswith("TLSv1.3 ")
    assert server.messages == [CONTENT]


@pytest.mark.parametrize("extensions", [PLAIN, ("PIPELINING",)])
def test_it_keeps_the_reply_of_each_recipient(extensions):
    refusal = {"RCPT bob@hamburger.edu": "550 5.1.1 No such user here"}
    with ScriptedServer(replies=refusal, extensions=extensions) as server:
        report = send(server, message=BOTH)
    assert outcomes(report) == {
        BOB: ("bounced", "550 5.1.1 No such user here"),
        CAROL: ("delivered", "250 2.0.0 Queued as 7F3A91"),
    }
    assert server.messages == [CONTENT]


def test_it_sends_no_message_when_all_are_refused():
    with ScriptedServer(replies={"RCPT": "550 5.1.1 No such user here"}, extensions=PLAIN) as server:
        report = send(server, message=BOTH)
    assert {result.outcome for result in report.results} == {"bounced"}
    assert "DATA" not in server.commands
    assert server.commands[-1] == "QUIT"


@pytest.mark.parametrize("data", ["554 5.5.1 No valid recipients", "503 5.5.1 RCPT first"])
def test_it_understands_that_data_fails_too_when_all_are_refused(data):
    script = {"RCPT": "550 5.1.1 No such user here", "DATA": data}
    with ScriptedServer(replies=script) as server:
        report = send(server)
    assert outcomes(report) == {BOB: ("bounced", "550 5.1.1 No such user here")}
    assert server.messages == []


@pytest.mark.parametrize("script", [{"RCPT": "550 5.1.1 No such user here"}, {"MAIL": "550 5.1.1 No such user here"}])
def test_it_sends_a_lone_dot_to_a_server_that_takes_data_for_nobody(script):
    with ScriptedServer(replies={**script, "END": "554 5.5.1 No valid recipients"}) as server:
        report = send(server)
    assert outcomes(report) == {BOB: ("bounced", "550 5.1.1 No such user here")}
    assert server.messages == [b""]
    assert server.commands[-1] == "QUIT"


@pytest.mark.parametrize("extensions", [PLAIN, ("PIPELINING",)])
@pytest.mark.parametrize(
    ("script", "outcome", "reply"),
    [
        ({"MAIL": "451 4.7.1 Greylisted"}, "deferred", "451 4.7.1 Greylisted"),
        ({"MAIL": "550 5.7.1 Go away", "DATA": "503 No"}, "bounced", "550 5.7.1 Go away"),
        ({"RCPT": "450 4.2.0 Later", "DATA": "503 No"}, "deferred", "450 4.2.0 Later"),
        ({"DATA": "451 4.3.0 Not now"}, "deferred", "451 4.3.0 Not now"),
        ({"DATA": "554 5.7.1 Not this"}, "bounced", "554 5.7.1 Not this"),
        ({"END": "552 5.3.4 Too big"}, "bounced", "552 5.3.4 Too big"),
        ({"END": "451 4.3.0 Disk trouble"}, "deferred", "451 4.3.0 Disk trouble"),
        ({"END": "550 Spam"}, "bounced", "550 Spam"),
        ({"RCPT": "250 fine\n251 2.1.5 Will forward"}, "delivered", "250 2.0.0 Queued as 7F3A91"),
        ({"END": "354 What now"}, "deferred", "354 What now"),
        ({"END": "550 5.7.1 One\n550 5.7.1 two"}, "bounced", "550 5.7.1 One two"),
    ],
)
def test_it_does_what_the_reply_says(script, outcome, reply, extensions):
    with ScriptedServer(replies=script, extensions=extensions) as server:
        report = send(server)
    assert outcomes(report) == {BOB: (outcome, reply)}


def test_it_delivers_when_the_greylist_is_over():
    script = {"RCPT": ["451 4.7.1 Greylisted, please try again later", "250 2.1.5 Recipient OK"]}
    with ScriptedServer(replies=script) as server:
        assert send(server).results[0].outcome == "deferred"
        assert send(server).results[0].outcome == "delivered"
    assert server.messages == [b"", CONTENT]


@pytest.mark.parametrize("full", ["452 4.5.3 Too many recipients", "452 Too many", "552 Too many recipients"])
def test_it_sends_the_rest_in_a_second_transaction(full):
    with ScriptedServer(replies={"RCPT carol@hamburger.edu": [full, "250 OK"]}) as server:
        report = send(server, message=BOTH)
    assert {result.outcome for result in report.results} == {"delivered"}
    assert server.messages == [CONTENT, CONTENT]
    assert len(server.sessions) == 1


@pytest.mark.parametrize(
    ("reply", "outcome"), [("452 4.2.2 Mailbox full", "deferred"), ("552 5.2.2 Mailbox full", "bounced")]
)
def test_it_does_not_take_a_full_mailbox_for_a_full_transaction(reply, outcome):
    with ScriptedServer(replies={"RCPT carol@hamburger.edu": reply}) as server:
        report = send(server, message=BOTH)
    assert outcomes(report)[CAROL] == (outcome, reply)
    assert server.messages == [CONTENT]


def test_it_never_goes_round_for_ever_with_a_server_that_takes_nobody():
    with ScriptedServer(replies={"RCPT": "452 4.5.3 Too many recipients"}, extensions=PLAIN) as server:
        report = send(server, message=BOTH)
    assert {result.outcome for result in report.results} == {"deferred"}
    assert server.commands.count("MAIL FROM:<alice@crepes.fr> SIZE=83") == 1


def test_it_declares_size_and_eight_bit():
    message = replace(MESSAGE, content="Subject: é\r\n\r\n.é\r\n".encode(), eight_bit=True)
    with ScriptedServer() as server:
        send(server, message=message)
    assert "MAIL FROM:<alice@crepes.fr> SIZE=20 BODY=8BITMIME" in server.commands
    assert server.messages == [message.content]


def test_it_sends_eight_bits_to_a_server_that_does_not_ask_for_them():
    message = replace(MESSAGE, content=b"Subject: hi\r\n\r\n\xe9\xff\r\n", eight_bit=True)
    with ScriptedServer(extensions=["SIZE"]) as server:
        report = send(server, message=message)
    assert "MAIL FROM:<alice@crepes.fr> SIZE=19" in server.commands
    assert report.results[0].outcome == "delivered"
    assert server.messages == [message.content]


def test_it_bounces_what_is_too_large_without_sending():
    with ScriptedServer(extensions=["SIZE 82"]) as server:
        report = send(server)
    [result] = report.results
    assert (result.outcome, result.code, result.enhanced) == ("bounced", 0, "5.3.4")
    assert result.reply == "The message has 83 octets, the server takes 82"
    assert server.commands == ["EHLO mail.crepes.fr", "QUIT"]


@pytest.mark.parametrize("size", ["SIZE 83", "SIZE 0", "SIZE", "SIZE lots"])
def test_it_sends_what_fits(size):
    with ScriptedServer(extensions=[size]) as server:
        assert send(server).results[0].outcome == "delivered"


@pytest.mark.parametrize("change", [{"smtputf8": True}, {"sender": "zoé@crepes.fr"}])
def test_it_bounces_what_needs_smtputf8_elsewhere(change):
    with ScriptedServer(extensions=["8BITMIME"]) as server:
        report = send(server, message=replace(MESSAGE, **change))
    [result] = report.results
    assert (result.outcome, result.enhanced) == ("bounced", "5.6.7")
    assert "DATA" not in server.commands


def test_it_bounces_only_the_recipients_that_need_smtputf8():
    message = replace(MESSAGE, recipients=(BOB, "zoé@hamburger.edu"))
    with ScriptedServer(extensions=["8BITMIME"]) as server:
        report = send(server, message=message)
    assert [result.outcome for result in report.results] == ["delivered", "bounced"]


def test_it_speaks_utf8_where_it_is_offered():
    message = replace(MESSAGE, recipients=("zoé@hamburger.edu",))
    with ScriptedServer() as server:
        assert send(server, message=message).results[0].outcome == "delivered"
    assert "MAIL FROM:<alice@crepes.fr> SIZE=83 SMTPUTF8" in server.commands
    assert "RCPT TO:<zoé@hamburger.edu>" in server.commands


def test_it_sends_bounces_with_the_null_sender():
    with ScriptedServer(extensions=None) as server:
        send(server, message=replace(MESSAGE, sender=""))
    assert "MAIL FROM:<>" in server.commands


def test_it_gives_one_result_per_recipient_in_order():
    message = replace(MESSAGE, recipients=(CAROL, BOB, CAROL))
    with ScriptedServer() as server:
        report = send(server, message=message)
    assert [result.recipient for result in report.results] == [CAROL, BOB, CAROL]
    assert [command for command in server.commands if command.startswith("RCPT")] == [
        "RCPT TO:<carol@hamburger.edu>",
        "RCPT TO:<bob@hamburger.edu>",
    ]


def test_it_takes_many_recipients_at_once():
    message = replace(MESSAGE, recipients=tuple(f"reader{n}@hamburger.edu" for n in range(1000)))
    with ScriptedServer(replies={"RCPT": f"250 2.1.5 {'Recipient OK ' * 30}"}) as server:
        report = send(server, message=message)
    assert {result.outcome for result in report.results} == {"delivered"}
    assert len(report.lines) == 200
    assert any("lines left out" in line.text for line in report.lines)


@pytest.mark.parametrize("address", ["bob@hamburger.edu>\r\nRSET", "bob\n@hamburger.edu", "b\0b@hamburger.edu"])
def test_it_refuses_an_address_that_breaks_the_line(address):
    with pytest.raises(InvalidName):
        replace(MESSAGE, recipients=(address,))
    with pytest.raises(InvalidName):
        replace(MESSAGE, sender=address)


def test_it_needs_somewhere_to_go():
    with pytest.raises(ValueError, match="at least one hop"):
        send()
