"""Calls as the path shows them: long ones folded to what concerns one recipient."""

from __future__ import annotations

from mailserver.mail import dialogue
from mailserver.services.path_talk import folded


def call(people: int) -> list[dialogue.Spoken]:
    lines: list[tuple[float, str, str]] = [(0, "client", "MAIL FROM:<alice@crepes.fr>"), (0, "server", "250 OK")]
    for number in range(people):
        lines += [
            (1, "client", f"RCPT TO:<Person{number}@fine.test>"),
            (1, "server", f"250-{number}"),
            (1, "server", "250 OK"),
        ]
    return dialogue.translate([*lines, (2, "client", "DATA"), (2, "server", "354 Go on")])


def test_it_shows_a_short_call_whole():
    assert folded(call(4), "person1@fine.test") == tuple(call(4))


def test_it_counts_the_others_of_a_long_one():
    texts = [line.text for line in folded(call(100), "person42@fine.test")]
    assert texts == [
        "MAIL FROM:<alice@crepes.fr>",
        "250 OK",
        "99 more people of this call are left out here",
        "RCPT TO:<Person42@fine.test>",
        "250 42 · OK",
        "DATA",
        "354 Go on",
    ]
