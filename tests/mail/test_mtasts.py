from __future__ import annotations

import pytest

from mailserver.mail import mtasts
from mailserver.mail.mtasts import InvalidPolicy

GOOD = "version: STSv1\nmode: enforce\nmx: mx1.hamburger.edu\nmx: *.Mail.Hamburger.edu\nmax_age: 86400\n"


@pytest.mark.parametrize(
    ("records", "identity"),
    [
        ([b"v=STSv1; id=20260101T000000;"], "20260101T000000"),
        ([b"v=STSv1;id=1"], "1"),
        ([b"v=STSv1; ext=x; id=abc; more=y"], "abc"),
        ([b"other", b"v=STSv1; id=1;"], "1"),
        ([b"v=STSv1; id=1;", b"v=STSv1; id=2;"], None),
        ([b"v=STSv1; id=;"], None),
        ([b"v=STSv1; id=" + b"a" * 33], None),
        ([b"v=STSv1; id=a-b;"], None),
        ([b"id=1; v=STSv1"], None),
        ([b"v=STSv1;"], None),
        ([b"v=STSv1; id=\xff"], None),
        ([], None),
    ],
)
def test_it_reads_the_record(records, identity):
    assert mtasts.identity(records) == identity


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_it_reads_a_policy(end):
    policy = mtasts.parse(GOOD.replace("\n", end) + f"future: thing{end}mode: none{end}")
    assert (policy.mode, policy.max_age) == ("enforce", 86400)
    assert policy.mx == ("mx1.hamburger.edu", "*.mail.hamburger.edu")
    assert policy.lines[:2] == ("version: STSv1", "mode: enforce")


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("MX1.hamburger.edu.", True),
        ("a.mail.hamburger.edu", True),
        ("a.b.mail.hamburger.edu", False),
        ("mail.hamburger.edu", False),
        ("mx2.hamburger.edu", False),
        ("xmx1.hamburger.edu", False),
    ],
)
def test_patterns(host, named):
    assert mtasts.parse(GOOD).names(host) is named


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD.replace("STSv1", "STSv2"),
        GOOD.replace("enforce", "Enforce"),
        GOOD.replace("86400", "-1"),
        GOOD.replace("max_age: 86400\n", ""),
        GOOD.replace("mx:", "m:"),
        GOOD.replace("mx1.", "mx1*."),
        GOOD + "<html>\n",
        GOOD.replace("mode: enforce\n", ""),
    ],
)
def test_it_refuses_what_is_no_policy(text):
    with pytest.raises(InvalidPolicy):
        mtasts.parse(text)


def test_a_policy_of_none_names_nobody_and_time_is_bounded():
    policy = mtasts.parse("version: STSv1\nmode: none\nmax_age: 9999999999\n")
    assert (policy.mode, policy.mx, policy.max_age) == ("none", (), mtasts.MAX_AGE)
