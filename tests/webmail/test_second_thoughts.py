from __future__ import annotations

import pytest

from mailserver.mail.addresses import HeaderAddress
from mailserver.services.draft_content import Kept
from mailserver.services.drafts import Writing
from webmail.rendering import second_thoughts

ALICE = HeaderAddress("Alice", "alice@crepes.fr")
PLAIN = Writing(sender=ALICE, to=[HeaderAddress("", "bob@hamburger.edu")], subject="Crêpe night")


@pytest.mark.parametrize(
    "text",
    [
        "The list is attached.",
        "I attach the menu",
        "See attachment",
        "Ci-joint la liste",
        "la pièce jointe",
        "Segue em anexo o orçamento",
        "Te adjunto la lista",
        "Die Liste im Anhang",
        "anbei die Liste",
        "添付します",
        "见附件",
    ],
)
def test_it_notices_that_an_attachment_is_missing(text):
    (found,) = second_thoughts.ask(PLAIN, text)
    assert "nothing is attached" in found


@pytest.mark.parametrize(
    "text", ["We reattached the roof", "Seven it is.", "> the list is attached\nThanks!", "anexar"]
)
def test_it_does_not_cry_wolf(text):
    assert second_thoughts.ask(PLAIN, text) == []


def test_it_is_content_with_an_attachment():
    writing = Writing(sender=ALICE, subject="x", kept=[Kept(1, "2")])
    assert second_thoughts.ask(writing, "The list is attached.") == []


def test_it_asks_about_an_empty_subject_and_a_crowd():
    crowd = [HeaderAddress("", f"guest{number}@hamburger.edu") for number in range(21)]
    found = second_thoughts.ask(Writing(sender=ALICE, to=crowd), "")
    assert [sentence.split()[0] for sentence in found] == ["The", "All"]
