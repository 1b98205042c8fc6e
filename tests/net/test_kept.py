"""A connection that carries message after message, and what happens when it ends in between."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from mailserver.net.smtp_client import Kept, deliver
from mailserver.practice.scripted import CLOSE, RESET, ScriptedServer, Then
from tests.net.delivering import MESSAGE, PATIENT, hop, said


def reports(server, *messages, most=100, follow=None):
    """The messages one after the other; `follow` bounds how many times another is said to follow."""

    async def run():
        left = iter(range(len(messages) - 1 if follow is None else follow))
        kept = Kept(most, more=lambda: next(left, None) is not None)
        made = [
            await deliver([hop(server)], each, hostname="mail.crepes.fr", timeouts=PATIENT, kept=kept)
            for each in messages
        ]
        await kept.leave()
        return made

    return asyncio.run(run())


def outcomes(made):
    return [result.outcome for report in made for result in report.results]


def test_each_message_has_its_own_dialogue_and_says_that_the_connection_was_there():
    with ScriptedServer() as server:
        first, second = reports(server, MESSAGE, MESSAGE)
    assert outcomes([first, second]) == ["delivered"] * 2
    assert len(server.sessions) == 1
    assert [line[:6] for line in said(first)[-1:]] == ["S: 250"]
    assert next(line for line in said(second) if line.startswith("C:")) == "C: MAIL FROM:<alice@crepes.fr> SIZE=83"
    assert second.lines[0].text.startswith("The same connection as before, opened at ")
    assert second.lines[0].text.endswith(": message 2 on it")
    assert said(second)[-2] == "C: QUIT"


def test_it_carries_so_many_messages_and_no_more():
    with ScriptedServer() as server:
        made = reports(server, *[MESSAGE] * 5, most=2)
    assert outcomes(made) == ["delivered"] * 5
    assert [len(session.messages) for session in server.sessions] == [2, 2, 1]
    assert all(session.commands[-1] == "QUIT" for session in server.sessions)


def test_what_nobody_uses_is_ended_with_quit():
    with ScriptedServer() as server:
        reports(server, MESSAGE, follow=1)
    assert server.sessions[0].commands[-1] == "QUIT"


def test_messages_with_other_demands_get_a_connection_of_their_own():
    with ScriptedServer() as server:
        made = reports(server, MESSAGE, replace(MESSAGE, require_tls=True), MESSAGE)
    assert outcomes(made) == ["delivered", "bounced", "delivered"]
    assert [len(session.messages) for session in server.sessions if session.messages] == [1, 1]


@pytest.mark.parametrize(
    "ending",
    [CLOSE, RESET, "421 4.4.2 Too many messages", Then("421 4.3.2 Going down", CLOSE)],
    ids=["close", "reset", "421", "421 and close"],
)
def test_an_end_before_mail_is_no_try_of_the_next_message(ending):
    with ScriptedServer(replies={"MAIL": ["250 OK", ending, "250 OK"]}) as server:
        made = reports(server, MESSAGE, MESSAGE)
    assert outcomes(made) == ["delivered"] * 2
    assert len(server.sessions) == 2
    assert any(line.text == "That connection was over before this message began" for line in made[1].lines)


def test_an_end_while_nothing_is_said_is_no_try_of_the_next_message():
    with ScriptedServer(replies={"END": [Then("250 OK", Then("421 4.4.2 Idle", CLOSE)), "250 OK"]}) as server:
        made = reports(server, MESSAGE, MESSAGE)
    assert outcomes(made) == ["delivered"] * 2
    assert len(server.messages) == 2


def test_an_end_after_mail_is_a_failed_try():
    with ScriptedServer(replies={"DATA": ["354 Go", CLOSE]}) as server:
        made = reports(server, MESSAGE, MESSAGE)
    assert outcomes(made) == ["delivered", "deferred"]
    assert len(server.sessions) == 1


def test_a_server_that_is_gone_has_reached_nobody():
    with ScriptedServer(replies={"MAIL": ["250 OK", CLOSE], "BANNER": ["220 mx", "421 4.3.2 Closed"]}) as server:
        made = reports(server, MESSAGE, MESSAGE)
    assert outcomes(made) == ["delivered", "deferred"]
    assert [report.reached for report in made] == [True, False]
