from __future__ import annotations

import pytest

from tests.support.people import PASSWORD
from tests.webmail.writing import signed_in

URL = "/account/password/"
NEW = "salted butter caramel"
FIELDS = {"current": PASSWORD, "new": NEW, "again": NEW}


def test_it_changes_the_password_and_ends_the_other_sessions(alice):
    here, elsewhere = signed_in(alice), signed_in(alice)
    before = here.session.session_key
    assert here.post(URL, FIELDS).headers["Location"] == "/account/"
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert here.get("/compose/").status_code == 200
    assert here.session.session_key != before
    assert elsewhere.get("/compose/").status_code == 302


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"current": "wrong"}, "This is not your password."),
        ({"again": "salted butter"}, "The two do not agree."),
        ({"new": "short", "again": "short"}, "too short"),
        ({"new": "alice@crepes.fr", "again": "alice@crepes.fr"}, "too similar"),
    ],
)
def test_it_says_at_the_field_why_it_cannot(alice, changes, words):
    answer = signed_in(alice).post(URL, {**FIELDS, **changes})
    assert answer.status_code == 400
    assert words in answer.content.decode()
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_it_stops_guessing(alice):
    browser = signed_in(alice)
    answers = [browser.post(URL, {**FIELDS, "current": f"guess {number}"}) for number in range(12)]
    assert "This is not your password." not in answers[-1].content.decode()
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_it_is_for_those_signed_in(client, db):
    assert client.get(URL).status_code == 302
