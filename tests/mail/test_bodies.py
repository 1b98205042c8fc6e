from __future__ import annotations

from mailserver.mail import bodies
from mailserver.mail.structure import scan
from tests.support import corpora


def message(kind: str, *parts: str) -> bytes:
    return (
        f"Content-Type: multipart/{kind}; boundary=b-{kind}\n\n"
        + "".join(f"--b-{kind}\n{part}\n" for part in parts)
        + f"--b-{kind}--\n"
    ).encode()


PLAIN = "Content-Type: text/plain\n\nhi"
HTML = "Content-Type: text/html\n\n<b>hi</b>"
IMAGE = "Content-Type: image/png\nContent-ID: <logo>\n\nx"
PDF = "Content-Type: application/pdf\nContent-Disposition: attachment; filename=a.pdf\n\nx"
SIGNATURE = "Content-Type: application/pgp-signature; name=signature.asc\n\nx"
CALENDAR = "Content-Type: text/calendar; method=REQUEST\n\nx"


def chosen(raw: bytes) -> tuple[list[str], list[str], list[str]]:
    found = bodies.select(scan(raw))
    return tuple([part.type for part in parts] for parts in (found.plain, found.html, found.attachments))  # type: ignore[return-value]


def test_text_alone_is_read_as_both() -> None:
    assert chosen(PLAIN.encode()) == (["text/plain"], ["text/plain"], [])


def test_an_alternative_is_read_in_one_form() -> None:
    assert chosen(message("alternative", PLAIN, HTML)) == (["text/plain"], ["text/html"], [])
    assert chosen(message("alternative", HTML)) == (["text/html"], ["text/html"], [])


def test_pictures_of_the_html_are_not_attached() -> None:
    related = message("related", HTML, IMAGE).decode()
    assert chosen(message("alternative", PLAIN, related)) == (["text/plain"], ["text/html"], [])
    found = bodies.by_content_id(scan(message("related", HTML, IMAGE)))
    assert found["logo"].type == "image/png"


def test_other_files_are_attached() -> None:
    raw = message("mixed", PLAIN, PDF, SIGNATURE, "Content-Type: text/plain; name=a.txt\n\nx")
    assert chosen(raw) == (["text/plain"], ["text/plain"], ["application/pdf", "text/plain"])


def test_a_picture_between_texts_is_shown_and_attached() -> None:
    assert chosen(message("mixed", PLAIN, "Content-Type: image/png\n\nx", PLAIN)) == (
        ["text/plain", "image/png", "text/plain"],
        ["text/plain", "image/png", "text/plain"],
        ["image/png"],
    )


def test_an_invitation_is_found() -> None:
    raw = message("alternative", PLAIN, HTML, CALENDAR)
    assert chosen(raw)[2] == []
    part = bodies.invitation(scan(raw))
    assert part
    assert part.type == "text/calendar"


@corpora.needed
def test_it_follows_the_example_of_rfc_8621() -> None:
    raw = (corpora.FOLDER / "mail-parser-rfc" / "007.eml").read_bytes()
    found = bodies.select(scan(raw))
    letters = [[raw[part.body_start : part.body_end].strip() for part in parts] for parts in (found.plain, found.html)]
    assert letters == [[b"A", b"B", b"C", b"D", b"K"], [b"A", b"<html>E</html>", b"K"]]
