from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import names
from mailserver.mail.addresslists import HeaderAddress


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("menu.pdf", "menu.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\dir\\menu.pdf", "menu.pdf"),
        ("a\x00b\r\nc.txt", "ab c.txt"),
        ("\u202efdp.exe", "fdp.exe"),
        (".htaccess", "htaccess"),
        ("..", "attachment"),
        ("", "attachment"),
        ("crêpes 日本.txt", "crêpes 日本.txt"),
        ('a"b<c>.txt', "a b c .txt"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_it_cleans_file_names(name: str, clean: str) -> None:
    assert names.file_name(name) == clean


def test_it_names_the_unnamed() -> None:
    assert names.for_type("image/png", "2.1") == "part-2.1.png"
    assert names.for_type("application/x-unheard-of", "2") == "part-2.bin"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Bob", "Bob"),
        ("bob@hamburger.edu", "bob@hamburger.edu"),
        ("'bob@hamburger.edu'", "'bob@hamburger.edu'"),
        ("Bank service@bank.example", ""),
        ("service＠bank.example", ""),
        ("ser\u200bvice@bank.example", ""),
        ("Bob \u202etxt", "Bob \ufffdtxt"),
        ("Alice @ Crêpes", "Alice @ Crêpes"),
    ],
)
def test_it_hides_names_that_pose_as_another_address(name: str, shown: str) -> None:
    assert names.display_name(HeaderAddress(name, "bob@hamburger.edu")) == shown


@given(st.text(max_size=300))
def test_file_names_are_safe(name: str) -> None:
    clean = names.file_name(name)
    assert clean
    assert len(clean) <= 200
    assert not set(clean) & set('/\\\x00\r\n":')
    assert not clean.startswith(".")
    clean.encode()
