"""A session that is kept for more than one message."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from mailserver.net.smtp_client import Connection, Transcript
from mailserver.net.smtp_results import SmtpFailure
from mailserver.practice.scripted import CLOSE, ScriptedServer, Then
from tests.net.delivering import CONTENT, MESSAGE, PATIENT, hop

PLAIN, TOGETHER = ("SIZE",), ("PIPELINING",)


def converse(server, *messages):
    """Sends the messages over one connection; the results of each."""

    async def run():
        connection = await Connection.open(
            hop(server), hostname="mail.crepes.fr", timeouts=PATIENT, transcript=Transcript()
        )
        results = [await connection.send_message(message) for message in messages]
        usable = connection.usable
        await connection.quit()
        return results, usable

    return asyncio.run(run())


def verbs(server):
    return [command.split(" ")[0] for command in server.sessions[0].commands]


def test_it_sends_message_after_message():
    second = replace(MESSAGE, content=b"Subject: again\r\n\r\n.\r\n")
    with ScriptedServer(extensions=PLAIN) as server:
        results, usable = converse(server, MESSAGE, second)
    assert usable
    assert [result.outcome for [result] in results] == ["delivered", "delivered"]
    assert server.messages == [CONTENT, second.content]
    assert verbs(server) == ["EHLO", "MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize(
    ("extensions", "refusal"),
    [
        (PLAIN, {"RCPT": ["550 5.1.1 No", "250 OK"]}),
        (PLAIN, {"DATA": ["451 4.3.0 Later", "354 Go"]}),
        (TOGETHER, {"RCPT": ["550 5.1.1 No", "250 OK"], "DATA": ["554 5.5.1 None", "354 Go"]}),
    ],
)
def test_it_clears_away_what_a_refusal_left_open(extensions, refusal):
    with ScriptedServer(replies=refusal, extensions=extensions) as server:
        results, usable = converse(server, MESSAGE, MESSAGE)
    assert usable
    assert results[0][0].outcome != "delivered"
    assert results[1][0].outcome == "delivered"
    assert verbs(server).count("RSET") == 1
    assert server.messages == [CONTENT]


@pytest.mark.parametrize("refusal", [{"MAIL": ["550 5.7.1 No", "250 OK"], "DATA": ["503 No", "354 Go"]}])
@pytest.mark.parametrize("extensions", [PLAIN, TOGETHER])
def test_it_needs_no_reset_when_nothing_was_begun(extensions, refusal):
    if extensions is PLAIN:
        refusal = {"MAIL": refusal["MAIL"]}
    with ScriptedServer(replies=refusal, extensions=extensions) as server:
        results, _ = converse(server, MESSAGE, MESSAGE)
    assert results[1][0].outcome == "delivered"
    assert "RSET" not in verbs(server)


def test_it_needs_no_reset_after_a_lone_dot():
    script = {"RCPT": ["550 5.1.1 No", "250 OK"], "END": ["554 5.5.1 None", "250 OK"]}
    with ScriptedServer(replies=script, extensions=TOGETHER) as server:
        results, _ = converse(server, MESSAGE, MESSAGE)
    assert results[1][0].outcome == "delivered"
    assert server.messages == [b"", CONTENT]
    assert "RSET" not in verbs(server)


@pytest.mark.parametrize("ending", ["421 4.3.2 Bye for now", Then("421 4.3.2 Bye", CLOSE), CLOSE])
def test_it_knows_that_a_session_is_over(ending):
    with ScriptedServer(replies={"MAIL": ending}, extensions=PLAIN) as server:
        [[result]], usable = converse(server, MESSAGE)
    assert result.outcome == "deferred"
    assert not usable


def test_it_says_why_a_session_could_not_begin():
    with (
        ScriptedServer(replies={"BANNER": "554 5.7.1 No"}) as server,
        pytest.raises(SmtpFailure) as caught,
    ):
        converse(server)
    assert (caught.value.code, caught.value.enhanced, caught.value.permanent) == (554, "5.7.1", True)


def test_it_offers_what_the_server_offered():
    async def extensions(server):
        connection = await Connection.open(
            hop(server), hostname="mail.crepes.fr", timeouts=PATIENT, transcript=Transcript()
        )
        await connection.quit()
        return connection.extensions

    with ScriptedServer(extensions=["size 5", "AUTH PLAIN LOGIN", "8BITMIME"]) as server:
        assert asyncio.run(extensions(server)) == {"SIZE": "5", "AUTH": "PLAIN LOGIN", "8BITMIME": ""}
