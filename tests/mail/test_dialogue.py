"""The textbook dialogue, line by line, in plain words."""

from __future__ import annotations

from mailserver.mail import dialogue

TEXTBOOK = [
    [0.0, "note", "MX of hamburger.edu: mx1.hamburger.edu [198.51.100.25], preference 10"],
    [0.0, "note", "Calling mx1.hamburger.edu [198.51.100.25] port 25"],
    [0.1, "server", "220 mx1.hamburger.edu ESMTP ready"],
    [0.2, "client", "HELO crepes.fr"],
    [0.3, "server", "250 Hello crepes.fr, pleased to meet you"],
    [0.4, "client", "MAIL FROM:<alice@crepes.fr>"],
    [0.5, "server", "250 2.1.0 Sender OK"],
    [0.6, "client", "RCPT TO:<bob@hamburger.edu>"],
    [0.7, "server", "250 2.1.5 Recipient OK"],
    [0.8, "client", "DATA"],
    [0.9, "server", "354 End with a line that has only a dot"],
    [1.0, "note", "4182 bytes of message"],
    [1.0, "client", "."],
    [1.1, "server", "250 2.0.0 Queued as 7F3A91"],
    [1.2, "client", "QUIT"],
    [1.3, "server", "221 2.0.0 Bye"],
]
NAMES = {"alice@crepes.fr": "Alice", "bob@hamburger.edu": "Bob"}


def said(transcript, names=None) -> list[tuple[str, str, str]]:
    return [(line.side, line.text, line.translation) for line in dialogue.translate(transcript, names)]


def test_it_translates_the_textbook_dialogue():
    assert said(TEXTBOOK, NAMES) == [
        ("note", "MX of hamburger.edu: mx1.hamburger.edu [198.51.100.25], preference 10", ""),
        ("note", "Calling mx1.hamburger.edu [198.51.100.25] port 25", ""),
        ("server", "220 mx1.hamburger.edu ESMTP ready", "Hello, I take mail"),
        ("client", "HELO crepes.fr", "Hello, I am crepes.fr"),
        ("server", "250 Hello crepes.fr, pleased to meet you", "Pleased to meet you"),
        ("client", "MAIL FROM:<alice@crepes.fr>", "I have a message from Alice"),
        ("server", "250 2.1.0 Sender OK", "Go on"),
        ("client", "RCPT TO:<bob@hamburger.edu>", "It is for Bob"),
        ("server", "250 2.1.5 Recipient OK", "I take mail for that mailbox"),
        ("client", "DATA", "Here it comes"),
        ("server", "354 End with a line that has only a dot", "I am listening"),
        ("client", "… 4,182 bytes …\n.", "The message, then a single dot"),
        ("server", "250 2.0.0 Queued as 7F3A91", "Got it. It is my responsibility now"),
        ("client", "QUIT", "That was all, goodbye"),
        ("server", "221 2.0.0 Bye", "Goodbye"),
    ]


def test_it_joins_the_lines_of_one_reply_and_says_what_the_server_can():
    lines = [
        [0, "client", "EHLO crepes.fr"],
        [0, "server", "250-mx1.hamburger.edu"],
        [0, "server", "250-STARTTLS"],
        [0, "server", "250 SIZE 52428800"],
    ]
    assert said(lines)[1] == (
        "server",
        "250 mx1.hamburger.edu · STARTTLS · SIZE 52428800",
        "Pleased to meet you. I can encrypt, and I take up to 50 MB",
    )


def test_it_keeps_replies_that_follow_each_other_apart():
    lines = [[0, "client", "RCPT TO:<bob@hamburger.edu>"], [0, "server", "250 OK"], [0, "server", "550 5.1.1 No"]]
    assert [text for _, text, _ in said(lines)[1:]] == ["250 OK", "550 5.1.1 No"]


def test_it_marks_the_moment_of_encryption():
    (line,) = dialogue.translate([[0.5, "note", "Encrypted from here: TLSv1.3 TLS_AES_256_GCM_SHA384"]])
    assert line.tone == "secure"
    assert line.text == "From here on nobody else can read along: TLS 1.3"


def test_it_marks_and_explains_refusals():
    lines = dialogue.translate(
        [
            [0, "client", "RCPT TO:<bobb@hamburger.edu>"],
            [0, "server", "550 5.1.1 No such user here"],
            [0, "client", "RCPT TO:<bob@hamburger.edu>"],
            [0, "server", "451 4.7.1 Greylisted, please try again later"],
        ]
    )
    assert [(line.tone, bool(line.translation)) for line in lines if line.side == "server"] == [
        ("no", True),
        ("later", True),
    ]
    assert lines[1].translation == "The mailbox does not exist."


def test_it_names_nobody_as_sender_of_a_report():
    assert said([[0, "client", "MAIL FROM:<>"]])[0][2] == "I have a report nobody should answer"


def test_it_takes_a_second_call_for_a_new_greeting():
    lines = [
        [0, "client", "EHLO crepes.fr"],
        [0, "note", "Calling mx2.hamburger.edu [198.51.100.26] port 25"],
        [0, "server", "220 mx2.hamburger.edu ESMTP"],
    ]
    assert said(lines)[-1][2] == "Hello, I take mail"


def test_it_bears_whatever_a_server_says():
    lines = [[0, "server", ""], [0, "server", "hello"], [0, "server", "250-"], [0, "client", ""], [0, "odd", "x"]]
    assert [line.side for line in dialogue.translate(lines)] == ["server", "server", "server", "client", "note"]


def test_it_does_not_take_a_lone_dot_for_a_message():
    lines = [
        [0, "client", "DATA"],
        [0, "server", "354 Go"],
        [0, "note", "no recipient was accepted, so an empty message ends the transaction"],
        [0, "client", "."],
        [0, "server", "250 2.0.0 OK"],
    ]
    assert said(lines)[-2:] == [("client", ".", "Nothing after all"), ("server", "250 2.0.0 OK", "All right")]
