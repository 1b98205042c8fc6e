"""SORT, SORT=DISPLAY, ESORT and THREAD."""

from __future__ import annotations

import re

import pytest

from mailserver.servers.imap.commands.sorting import write_threads
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


@pytest.mark.parametrize(
    ("threads", "written"),
    [
        ((), ""),
        (((2,), (3, 6, (4, 23), (44, 7, 96))), "(2)(3 6 (4 23)(44 7 96))"),
        ((((3,), (5,)),), "((3)(5))"),
        (((1, (2, (3,), (4, 5)), (6,)), (7,)), "(1 (2 (3)(4 5))(6))(7)"),
    ],
)
def test_threads_as_they_are_written(threads, written):
    assert write_threads(threads, int) == written


def test_threads_of_any_depth_are_written():
    deep = (1, 2)
    for number in range(50_000):
        deep = (number, (0,), deep)
    written = write_threads((deep,), int)
    assert written.startswith("(49999 (0)(49998 (0)(49997 ")
    assert written.endswith("(1 2" + ")" * 50_001)


def test_accents_come_behind_the_letter(bob_in):
    """i;unicode-casemap (RFC 5051): case does not count, accents do."""
    for subject in ("Zebra", "=?utf-8?q?=C3=A9t=C3=A9?=", "etz", "Fig", "ETE", "ete"):
        bob_in.append("INBOX", letter(subject=subject, sender=f"{subject} <a@crepes.fr>"))
    bob_in.ok("SELECT INBOX")
    assert bob_in.ok("SORT (SUBJECT) UTF-8 ALL") == [b"SORT 5 6 3 2 4 1"]
    assert bob_in.ok("SORT (DISPLAYFROM) UTF-8 ALL") == [b"SORT 5 6 3 2 4 1"]
    assert bob_in.ok("THREAD ORDEREDSUBJECT UTF-8 ALL") == [b"THREAD (1)(2)(3)(4)(5 6)"]
