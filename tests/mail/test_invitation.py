from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import invitation
from mailserver.mail.addresslists import HeaderAddress

REQUEST = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Crepes//EN
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Europe/Paris
BEGIN:STANDARD
DTSTART:19961027T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1@crepes.fr
SUMMARY:Dîner\\, at last
LOCATION:12 rue des Crêpes
ORGANIZER;CN=Alice:mailto:alice@crepes.fr
ATTENDEE;CN="Bob":MAILTO:bob@hamburger.edu
ATTENDEE:mailto:charlie@example.org
DTSTART;TZID=Europe/Paris:20260512T190000
DTEND;TZID=Europe/Paris:20260512T210000
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


def event(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", ""])


def test_it_reads_an_invitation() -> None:
    found = invitation.parse(REQUEST.encode())
    assert found == invitation.Invitation(
        summary="Dîner, at last",
        start=datetime(2026, 5, 12, 17, tzinfo=UTC),
        end=datetime(2026, 5, 12, 19, tzinfo=UTC),
        all_day=False,
        location="12 rue des Crêpes",
        organizer=HeaderAddress("Alice", "alice@crepes.fr"),
        method="REQUEST",
        uid="1@crepes.fr",
        attendees=(HeaderAddress("Bob", "bob@hamburger.edu"), HeaderAddress("", "charlie@example.org")),
        repeats=False,
    )


def test_it_reads_whole_days_and_durations() -> None:
    found = invitation.parse(event("DTSTART;VALUE=DATE:20260512", "DURATION:P2D", "RRULE:FREQ=YEARLY"))
    assert found
    assert found.all_day
    assert found.repeats
    assert (found.start, found.end) == (datetime(2026, 5, 12, tzinfo=UTC), datetime(2026, 5, 14, tzinfo=UTC))


def test_a_floating_time_counts_as_utc() -> None:
    found = invitation.parse(event("DTSTART:20260512T190000"))
    assert found
    assert (found.start, found.end) == (datetime(2026, 5, 12, 19, tzinfo=UTC), None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        event("SUMMARY:no start"),
        event("DTSTART:yesterday"),
        "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        "BEGIN:VEVENT\r\n",
        "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
    ],
)
def test_other_files_are_no_invitations(text: str) -> None:
    assert invitation.parse(text) is None


def test_texts_are_bounded_and_on_one_line() -> None:
    found = invitation.parse(event("DTSTART:20260512T190000", "SUMMARY:a\\nb" + "x" * 1000))
    assert found
    assert found.summary.startswith("a b")
    assert len(found.summary) == 500


@pytest.mark.parametrize("start", [":00010101T000000Z", ":99991231T235959Z", ";VALUE=DATE:00010101"])
def test_it_knows_no_appointment_that_a_time_zone_could_not_show(start: str) -> None:
    assert invitation.parse(event(f"DTSTART{start}")) is None
    assert invitation.parse(event("DTSTART:20260512T190000", f"DTEND{start}")) is None


def test_it_reads_no_components_in_each_other_for_ever() -> None:
    assert invitation.parse("BEGIN:VCALENDAR\r\n" * 5000 + "END:VCALENDAR\r\n" * 5000) is None


lines = st.sampled_from(
    [
        *("DTSTART:20260512T190000", "DTSTART:00010101T000000Z", "DTEND:99991231T235959", "DTSTART;TZID=X:20260512T1"),
        *("SUMMARY:a", "SUMMARY:b", "ORGANIZER:x", "ATTENDEE;CN=:mailto:a@b", "DURATION:P1D", "DURATION:-P9999999999D"),
        *("BEGIN:VALARM", "END:VALARM", "BEGIN:VEVENT", "RRULE:FREQ=X", "RRULE:FREQ=DAILY", ";;;", "METHOD:A\\;B"),
    ]
)


@given(st.one_of(st.binary(max_size=200), st.lists(lines, max_size=8).map(lambda found: event(*found).encode())))
def test_it_never_raises(data: bytes) -> None:
    invitation.parse(data)


@pytest.mark.parametrize("piece", ["BEGIN:VEVENT\r\n", "ATTENDEE:a\r\n", " ", ";", "X;", "SUMMARY:x\r\n"])
def test_a_hostile_file_costs_little(piece: str) -> None:
    invitation.parse(event("DTSTART:20260512T190000") + piece * (300_000 // len(piece)))
    invitation.parse("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + piece * (300_000 // len(piece)))
