from __future__ import annotations

import pytest

from mailserver.mail.spam.evidence import Checks, Standing, of_checks, of_standing

NOBODY = Standing()


def names(reasons) -> list[str]:
    return [reason.name for reason in reasons]


def test_what_was_not_checked_says_nothing():
    assert of_checks(Checks()) == ()
    assert of_checks(Checks(spf="temperror", dkim="fail", dmarc="none", iprev="temperror")) == ()


def test_it_weighs_what_was_found():
    worst = of_checks(Checks(spf="fail", dkim="fail", dmarc="fail", iprev="permerror"))
    assert names(worst) == ["spf_fail", "dmarc_fail", "iprev_permerror"]
    # A domain that asks for nothing (p=none) gets its mail through.
    assert sum(reason.points for reason in worst) < 5
    assert names(of_checks(Checks(spf="pass", dmarc="pass", iprev="pass"))) == ["dmarc_pass"]


@pytest.mark.parametrize(
    ("address", "domain", "proven", "found"),
    [
        (NOBODY, NOBODY, True, []),
        (Standing(written=True), NOBODY, True, ["written_to"]),
        (Standing(written=True), NOBODY, False, []),
        (Standing(ham=3), NOBODY, True, ["acquainted"]),
        (Standing(ham=3), NOBODY, False, []),
        (Standing(ham=2), NOBODY, True, []),
        (Standing(ham=9, spam=1), NOBODY, True, []),
        (Standing(ham=1, spam=1), NOBODY, False, ["sender_spam"]),
        (Standing(spam=1, written=True), NOBODY, True, ["sender_spam", "written_to"]),
        (NOBODY, Standing(spam=3, ham=2), False, ["domain_spam"]),
        (NOBODY, Standing(spam=3, ham=3), False, []),
        (Standing(ham=5), Standing(spam=9, ham=5), True, ["domain_spam"]),
    ],
)
def test_it_knows_people(address, domain, proven, found):
    assert names(of_standing(address, domain, proven=proven)) == found


def test_an_answer_needs_no_proof():
    assert names(of_standing(NOBODY, NOBODY, proven=False, answers=True)) == ["answer"]
