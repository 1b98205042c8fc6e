"""Keywords of mail programs as labels."""

from __future__ import annotations

import pytest

from mailserver.mail.keywords import LabelLook, look


@pytest.mark.parametrize(
    ("keyword", "name"),
    [
        ("Friends", "Friends"),
        # As Thunderbird 153 sent them for "Crêpes du soir (été)" and "a=b".
        ("cr=c3=aapes=20du=20soir=20=28=c3=a9t=c3=a9=29", "crêpes du soir (été)"),
        ("a=3db", "a=b"),
        ("a=b", "a=b"),
        ("not=ff=feutf-8", "not=ff=feutf-8"),
        ("bell=07", "bell=07"),
        ("=20", "=20"),
        ("=20=c3=a9", " é"),
        ("100=", "100="),
        ("UPPER=C3=89", "UPPER=C3=89"),
        ("été=20", "été "),
    ],
)
def test_a_name_is_what_people_wrote(keyword, name):
    assert look(keyword) == LabelLook(name)


def test_tags_of_thunderbird_have_its_names_and_colours():
    assert look("$label1") == LabelLook("Important", 30)
    assert look("$LABEL5") == LabelLook("Later", 315)
    assert len({look(f"$label{number}").hue for number in range(1, 6)}) == 5


@pytest.mark.parametrize("keyword", ["Junk", "NonJunk", "NotJunk", "JunkRecorded", "Old", "$Phishing", "$label6"])
def test_what_programs_note_for_themselves_is_no_label(keyword):
    assert not look(keyword).shown
