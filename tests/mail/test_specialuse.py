from __future__ import annotations

import pytest

from mailserver.mail import specialuse


@pytest.mark.parametrize(
    ("attributes", "use"),
    [
        (["\\HasNoChildren", "\\Sent"], "sent"),
        (["\\sent"], "sent"),
        (["\\Junk"], "junk"),
        (["\\AllMail"], "all"),
        (["\\Flagged"], "view"),
        (["\\HasChildren"], ""),
        ([], ""),
    ],
)
def test_it_knows_a_folder_by_its_attributes(attributes, use):
    assert specialuse.by_attribute(attributes) == use


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("inbox", "inbox"),
        ("Sent Items", "sent"),
        ("INBOX/Sent", "sent"),
        ("[Gmail]/Spam", "junk"),
        ("DELETED MESSAGES", "trash"),
        ("Work/Sent", ""),
        ("Sentinel", ""),
    ],
)
def test_it_knows_a_folder_by_the_usual_names(name, use):
    assert specialuse.by_name(name) == use


def test_a_name_says_nothing_where_another_folder_is_for_it():
    assert specialuse.by_name("Sent", {"sent"}) == ""


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Work", "Work"),
        ("INBOX/Work", "Work"),
        ("[Google Mail]/Wichtig", "Wichtig"),
        ("INBOX/INBOX", "Inbox elsewhere"),
        ("a//b", "a/_/b"),
        (" a / b ", "a/b"),
        ("a\x00b\u202ec*", "a_b_c_"),
        ("", "_"),
        ("/", "_/_"),
        ("/".join("abcdefghijkl"), "a/b/c/d/e/f/g/h/i/j-k-l"),
        ("x" * 254 + "/y", "x" * 254),
    ],
)
def test_it_makes_a_path_of_ours(name, path):
    assert specialuse.local_path(name) == path
