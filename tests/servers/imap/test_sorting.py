"""SORT, SORT=DISPLAY, ESORT and THREAD."""

from __future__ import annotations

import re

import pytest

from tests.support.mail import message as letter


@pytest.fixture
def mail(bob_in):
    """1 to 4; 2 answers 1, 3 has the same subject and answers nothing, 4 is alone."""
    bob_in.append("INBOX", letter(sender="Zoe <a@crepes.fr>", subject="Pears", message_id="1@x", body="xx" * 50))
    bob_in.append("INBOX", letter(sender="Bob <b@crepes.fr>", subject="Re: Pears", message_id="2@x", reply_to="1@x"))
    bob_in.append("INBOX", letter(sender="Amy <c@crepes.fr>", subject="Pears", message_id="3@x", body="x" * 500))
    bob_in.append("INBOX", letter(sender="d@crepes.fr", subject="Apples", message_id="4@x"), "\\Seen")
    bob_in.ok("SELECT INBOX")
    return bob_in


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("ARRIVAL", "1 2 3 4"),
        ("REVERSE ARRIVAL", "4 3 2 1"),
        ("SUBJECT", "4 1 2 3"),
        ("FROM", "1 2 3 4"),
        ("REVERSE FROM", "4 3 2 1"),
        ("DISPLAYFROM", "3 2 4 1"),
        ("SUBJECT REVERSE ARRIVAL", "4 3 2 1"),
        ("REVERSE SIZE", "3 1 2 4"),
        ("DATE", "1 2 3 4"),
        ("TO CC DISPLAYTO", "1 2 3 4"),
    ],
)
def test_sort(mail, order, found):
    assert mail.ok(f"SORT ({order}) UTF-8 ALL") == [f"SORT {found}".encode()]


def test_sort_searches_first(mail):
    assert mail.ok("UID SORT (REVERSE ARRIVAL) US-ASCII UNSEEN SUBJECT pears") == [b"SORT 3 2 1"]
    assert mail.ok("SORT (DATE) UTF-8 DELETED") == [b"SORT"]
    mail.refused("SORT (WEIGHT) UTF-8 ALL", rb"BAD .*")
    mail.refused("SORT () UTF-8 ALL", rb"BAD .*")
    mail.refused("SORT (DATE) klingon ALL", rb"NO \[BADCHARSET .*")


def test_sort_with_modseq(mail):
    (line,) = mail.ok("SORT (REVERSE ARRIVAL) UTF-8 MODSEQ 1")
    assert re.fullmatch(rb"SORT 4 3 2 1 \(MODSEQ \d+\)", line)


def test_esort(mail):
    def asked(options: str, key: str = "ALL") -> bytes:
        (line,) = mail.ok(f"UID SORT RETURN ({options}) (SUBJECT) UTF-8 {key}")
        return re.fullmatch(rb'ESEARCH \(TAG "a\d+"\) UID ?(.*)', line)[1]

    assert asked("ALL") == b"ALL 4,1:3"
    assert asked("MIN MAX COUNT") == b"MIN 4 MAX 3 COUNT 4"
    assert asked("COUNT", "DELETED") == b"COUNT 0"


def test_thread_by_references(mail):
    """Two conversations of one subject hang below a place without a message (RFC 5256 §3)."""
    assert mail.ok("THREAD REFERENCES UTF-8 ALL") == [b"THREAD ((1 2)(3))(4)"]
    assert mail.ok("UID THREAD REFERENCES UTF-8 UNSEEN") == [b"THREAD ((1 2)(3))"]


def test_thread_by_subject(mail):
    assert mail.ok("THREAD ORDEREDSUBJECT UTF-8 ALL") == [b"THREAD (1 (2)(3))(4)"]


def test_refs_leaves_subjects_alone(mail):
    assert mail.ok("THREAD REFS UTF-8 ALL") == [b"THREAD (1 2)(3)(4)"]
    assert mail.ok("UID THREAD REFS UTF-8 SEEN") == [b"THREAD (4)"]
    assert mail.ok("THREAD REFS UTF-8 DELETED") == [b"THREAD"]


def test_no_other_algorithm(mail):
    mail.refused("THREAD GUESS UTF-8 ALL", rb"BAD .*")
