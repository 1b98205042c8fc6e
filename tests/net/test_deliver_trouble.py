"""Servers that send us away, fall silent, hang up or talk nonsense; and the next hop."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest

from mailserver.net.mx import Hop
from mailserver.net.smtp_client import deliver
from mailserver.practice.scripted import CLOSE, HANG, RESET, Drip, Raw, ScriptedServer, Then
from tests.net.delivering import BOB, CAROL, CONTENT, MESSAGE, PATIENT, dialogue, hasty, hop, send

BOTH = replace(MESSAGE, recipients=(BOB, CAROL))
STEPS = pytest.mark.parametrize("step", ["BANNER", "EHLO", "MAIL", "RCPT", "DATA", "END"])
EXTENSIONS = pytest.mark.parametrize("extensions", [("SIZE",), ("PIPELINING",)])
STAGE = {
    "BANNER": "greeting",
    "EHLO": "hello",
    "MAIL": "mail",
    "RCPT": "recipient",
    "DATA": "data_start",
    "END": "data_end",
}


def dead_hop(host="mx0.hamburger.edu"):
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return Hop(host, "127.0.0.1", listener.getsockname()[1], 5, "mx")


def only(report):
    [result] = report.results
    return result


@STEPS
@EXTENSIONS
def test_it_defers_when_the_server_falls_silent(step, extensions):
    with ScriptedServer(replies={step: HANG}, extensions=extensions) as server:
        report = send(server, timeouts=hasty(**{STAGE[step]: 0.2}))
    result = only(report)
    assert (result.outcome, result.code, result.enhanced) == ("deferred", 0, "4.4.2")
    assert "within 0.2 seconds" in result.text


@STEPS
@EXTENSIONS
@pytest.mark.parametrize("ending", [CLOSE, RESET, Then(Raw(b"25"), CLOSE), Then(Raw(b"250-half\r\n"), CLOSE)])
def test_it_defers_when_the_server_hangs_up(step, extensions, ending):
    with ScriptedServer(replies={step: ending}, extensions=extensions) as server:
        report = send(server)
    result = only(report)
    assert (result.outcome, result.code) == ("deferred", 0)
    # A reset right after the accept may reach us before we know that there is a connection.
    assert result.enhanced == "4.4.2" or (step == "BANNER" and ending is RESET and result.enhanced == "4.4.1")
    assert report.lines[-1].side == "note"


@STEPS
def test_it_bounds_a_slow_drip(step):
    drip = Drip(b"250 I am speaking very slowly\r\n", 0.15)
    with ScriptedServer(replies={step: drip}, extensions=("SIZE",)) as server:
        report = send(server, timeouts=hasty(**{STAGE[step]: 0.4}))
    assert only(report).outcome == "deferred"


def test_it_is_patient_with_a_slow_but_honest_server():
    with ScriptedServer(replies={"END": Drip(b"250 2.0.0 Taken\r\n", 0.02)}) as server:
        assert only(send(server)).reply == "250 2.0.0 Taken"


@STEPS
def test_it_defers_nonsense(step):
    with ScriptedServer(replies={step: Raw(b"HTTP/1.1 400 Bad Request\r\n")}) as server:
        report = send(server)
    result = only(report)
    assert (result.outcome, result.code) == ("deferred", 0)
    assert "HTTP/1.1 400 Bad Request" in "\n".join(dialogue(report))


def test_it_takes_replies_of_many_lines():
    lines = "\n".join(f"250 line {number}" for number in range(150))
    with ScriptedServer(replies={"END": lines}) as server:
        result = only(send(server))
    assert result.outcome == "delivered"
    assert len(result.text) <= 1000


@pytest.mark.parametrize(
    "flood", [b"250-more\r\n" * 100_000, b"250 " + b"x" * 1_000_000, b"250-" + b"y" * 8000 + b"\r\n250 ok\r\n"]
)
def test_it_bounds_what_it_listens_to(flood):
    with ScriptedServer(replies={"EHLO": Raw(flood)}) as server:
        report = send(server)
    assert only(report).outcome in ("deferred", "delivered")
    assert sum(len(line.text) for line in report.lines) <= 200 * 512


def test_it_escapes_what_could_harm_a_page_or_a_log():
    rude = Raw("250 2.0.0 bell\a null\0 \u202eright \x1b[31mred\r\n".encode() + b"")
    with ScriptedServer(replies={"END": rude}) as server:
        report = send(server)
    shown = "\n".join(dialogue(report)) + only(report).text
    assert all(character.isprintable() for character in shown.replace("\n", ""))
    assert "bell\\x07 null\\x00 \\u202eright \\x1b[31mred" in shown


def test_it_shows_octets_that_are_no_utf8():
    with ScriptedServer(replies={"END": Raw(b"250 pr\xeat\r\n")}) as server:
        assert only(send(server)).text == "pr\\xeat"


@pytest.mark.parametrize("ending", [HANG, CLOSE, RESET])
def test_it_says_that_the_message_may_have_arrived(ending):
    with ScriptedServer(replies={"END": ending}) as server, ScriptedServer() as second:
        report = send(server, second, timeouts=hasty(data_end=0.2))
    result = only(report)
    assert result.outcome == "deferred"
    assert "It may have arrived all the same" in result.text
    # Another hop would make a second copy likely.
    assert second.sessions == []


def test_it_believes_a_refusal_given_half_way():
    big = replace(MESSAGE, content=b"x" * 20_000_000 + b"\r\n")
    script = {"DATA": Then("354 Go", Then(Raw(b"552 5.3.4 Enough\r\n"), HANG))}
    with ScriptedServer(replies=script, extensions=()) as server:
        report = send(server, message=big, timeouts=hasty(data_block=0.3))
    assert only(report).reply == "552 5.3.4 Enough"
    assert only(report).outcome == "bounced"


def test_it_defers_a_server_that_stops_reading():
    big = replace(MESSAGE, content=b"x" * 20_000_000 + b"\r\n")
    with ScriptedServer(replies={"DATA": Then("354 Go", HANG)}, extensions=()) as server:
        report = send(server, message=big, timeouts=hasty(data_block=0.3))
    assert only(report).outcome == "deferred"
    assert "did not take the message" in only(report).text
    assert "may have arrived" not in only(report).text


def test_it_calls_the_next_hop_when_nobody_listens():
    with ScriptedServer() as server:
        report = send(dead_hop(), server)
    assert only(report).outcome == "delivered"
    assert report.hop == hop(server)
    called, why = dialogue(report)[:2]
    assert called.startswith("-- Calling mx0.hamburger.edu")
    assert why.endswith("nobody takes mail there (connection refused)")


def test_it_defers_when_nobody_listens_anywhere():
    report = send(dead_hop(), dead_hop())
    result = only(report)
    assert (result.outcome, result.code, result.enhanced) == ("deferred", 0, "4.4.1")
    assert "connection refused" in result.text
    assert result.hop is None
    assert report.tls == ""


@pytest.mark.parametrize("greeting", ["421 4.3.2 Too busy", "554 5.7.1 No service here", "521 5.3.2 No mail here"])
@pytest.mark.parametrize("step", ["BANNER", "EHLO"])
def test_it_calls_the_next_hop_when_sent_away(step, greeting):
    script = {step: greeting, "HELO": greeting}
    with ScriptedServer(replies=script) as first, ScriptedServer() as second:
        report = send(first, second)
    assert only(report).outcome == "delivered"
    assert first.commands[-1] == "QUIT"
    assert second.messages == [CONTENT]


def test_it_bounces_when_every_hop_refuses_for_good():
    with ScriptedServer(replies={"BANNER": "554 5.7.1 Your address is listed"}) as server:
        result = only(send(server, server))
    assert (result.outcome, result.reply) == ("bounced", "554 5.7.1 Your address is listed")


def test_it_defers_while_one_hop_may_still_take_it():
    with ScriptedServer(replies={"BANNER": "554 5.7.1 No"}) as server:
        result = only(send(dead_hop(), server))
    assert result.outcome == "deferred"
    assert "connection refused" in result.text


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "END"])
def test_it_asks_the_next_hop_after_a_deferral(step):
    with ScriptedServer(replies={step: "451 4.3.0 Later"}) as first, ScriptedServer() as second:
        report = send(first, second)
    assert only(report).outcome == "delivered"
    assert only(report).hop == hop(second)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "END"])
def test_it_asks_no_other_hop_after_a_refusal(step):
    with ScriptedServer(replies={step: "550 5.7.1 Never"}) as first, ScriptedServer() as second:
        report = send(first, second)
    assert only(report).reply == "550 5.7.1 Never"
    assert second.sessions == []


def test_it_takes_only_the_deferred_to_the_next_hop():
    script = {"RCPT bob@hamburger.edu": "451 4.2.0 Later"}
    with ScriptedServer(replies=script) as first, ScriptedServer() as second:
        report = send(first, second, message=BOTH)
    assert [result.outcome for result in report.results] == ["delivered", "delivered"]
    assert [result.hop for result in report.results] == [hop(second), hop(first)]
    assert f"RCPT TO:<{CAROL}>" not in second.commands


def test_it_keeps_the_reply_when_the_next_hop_is_dead():
    with ScriptedServer(replies={"RCPT": "451 4.7.1 Greylisted"}) as server:
        result = only(send(server, dead_hop()))
    assert (result.outcome, result.reply) == ("deferred", "451 4.7.1 Greylisted")


@EXTENSIONS
def test_it_defers_the_rest_with_the_servers_own_farewell(extensions):
    script = {"RCPT carol@hamburger.edu": Then("421 4.3.2 Shutting down", CLOSE)}
    with ScriptedServer(replies=script, extensions=extensions) as server:
        report = send(server, message=BOTH)
    assert {result.reply for result in report.results} == {"421 4.3.2 Shutting down"}
    assert {result.outcome for result in report.results} == {"deferred"}


def test_it_is_delivered_even_if_taking_leave_fails_on_our_side(monkeypatch):
    async def stumble(connection):
        raise AttributeError("a fault of the library")

    monkeypatch.setattr("mailserver.net.smtp_client.Connection.quit", stumble)
    with ScriptedServer() as server:
        assert only(send(server)).outcome == "delivered"


def test_it_is_delivered_whatever_becomes_of_quit():
    for action in (HANG, CLOSE, RESET, Raw(b"garbage"), "500 What?"):
        with ScriptedServer(replies={"QUIT": action}) as server:
            assert only(send(server, timeouts=hasty(quit=0.2))).outcome == "delivered"


def test_it_ends_within_the_total_over_all_hops():
    with ScriptedServer(replies={"BANNER": HANG}) as server:
        report = send(server, server, server, timeouts=hasty(total=0.3))
    assert only(report).outcome == "deferred"
    assert len(server.sessions) == 1


def test_it_leaves_nothing_open_when_it_is_cancelled():
    async def cancelled(server):
        task = asyncio.create_task(deliver([hop(server)], MESSAGE, hostname="mail.crepes.fr", timeouts=PATIENT))
        await asyncio.to_thread(server.reached["MAIL"].wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with ScriptedServer(replies={"MAIL": HANG}) as server:
        asyncio.run(cancelled(server))


def test_it_caps_every_stage_but_not_the_total():
    capped = PATIENT.capped(1.5)
    assert (capped.connect, capped.data_end, capped.quit) == (1.5, 1.5, 1.5)
    assert capped.total == PATIENT.total
    assert PATIENT.capped(None) == PATIENT
