"""Wishes of RFC 3461 on their way to the next server."""

from __future__ import annotations

from dataclasses import replace

from mailserver.mail.dsnwishes import RecipientWishes
from mailserver.practice.scripted import ScriptedServer
from tests.net.delivering import BOB, CAROL, MESSAGE, send

WISHED = replace(
    MESSAGE,
    recipients=(BOB, CAROL),
    envelope_id="QQ+1",
    full_return=False,
    wishes={
        BOB: RecipientWishes("SUCCESS,FAILURE", "rfc822;bob+x@hamburger.edu"),
        CAROL: RecipientWishes("", "utf-8;cärol@hamburger.edu"),
    },
)


def test_they_go_on_to_a_server_that_knows_them():
    with ScriptedServer(extensions=("PIPELINING", "DSN")) as server:
        report = send(server, message=WISHED)
    assert server.commands[1:4] == [
        "MAIL FROM:<alice@crepes.fr> RET=HDRS ENVID=QQ+2B1",
        "RCPT TO:<bob@hamburger.edu> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;bob+2Bx@hamburger.edu",
        r"RCPT TO:<carol@hamburger.edu> ORCPT=utf-8;c\x{E4}rol@hamburger.edu",
    ]
    assert [result.action for result in report.results] == ["", ""]


def test_another_server_hears_nothing_of_them_and_the_message_counts_as_relayed():
    with ScriptedServer(replies={f"RCPT {CAROL}": "550 5.1.1 No"}, extensions=()) as server:
        report = send(server, message=WISHED)
    assert server.commands[1:4] == [
        "MAIL FROM:<alice@crepes.fr>",
        "RCPT TO:<bob@hamburger.edu>",
        "RCPT TO:<carol@hamburger.edu>",
    ]
    assert [(result.outcome, result.action) for result in report.results] == [
        ("delivered", "relayed"),
        ("bounced", ""),
    ]


def test_what_was_not_wished_is_not_said():
    with ScriptedServer(extensions=("DSN",)) as server:
        send(server)
    assert server.commands[1:3] == ["MAIL FROM:<alice@crepes.fr>", "RCPT TO:<bob@hamburger.edu>"]
