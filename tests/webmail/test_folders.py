from __future__ import annotations

from mailserver.services import folders, mailboxes
from tests.webmail.reading import page, signed_in, texts


def test_it_makes_a_folder_with_its_levels(alice):
    response = signed_in(alice).post("/folders/new/", {"path": " Crêperie / Suppliers "}, follow=True)
    tree = page(response)
    assert texts(tree, ".head:not(.bulk) h1") == ["Suppliers"]
    assert texts(tree, ".toast > span") == ["Made the folder Crêperie/Suppliers"]
    assert texts(tree, ".nav .branch > a") == ["Crêperie"]


def test_it_says_at_the_field_what_is_wrong_with_a_name(alice):
    mailboxes.create(account_id=alice.pk, path="House")
    browser = signed_in(alice)
    for path, words in (
        ("House", "already"),
        ("a\x07b", "control characters"),
        ("INBOX", "taken"),
        ("/", "needs a name"),
    ):
        response = browser.post("/folders/new/", {"path": path})
        assert response.status_code == 400
        assert words in response.content.decode()


def test_it_lists_all_folders_for_narrow_windows(alice):
    mailboxes.create(account_id=alice.pk, path="House")
    tree = page(signed_in(alice).get("/folders/"))
    assert "House" in texts(tree, "main .nav li")


def test_a_special_folder_is_called_by_its_own_name(alice):
    folders.rename(alice.pk, "Sent", "Gesendet")
    names = texts(page(signed_in(alice).get("/folders/")), "main .nav li")
    assert "Gesendet" in names
    assert "Inbox" in names
    assert "Sent" not in names
