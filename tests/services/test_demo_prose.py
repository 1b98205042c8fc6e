from __future__ import annotations

import pytest

from mailserver.services.demo.prose import flowing

JAPANESE = "新茶を石臼で挽きました。生地に合わせるなら、少し苦みのある二番がよい"
LONG = "a line that is as long as the lines of a file are allowed to be"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (f"\n{LONG}\nand ends here\n", f"{LONG} and ends here"),
        ("Yours,\nBob", "Yours,\nBob"),
        (f"{LONG}\n- one\n- two", f"{LONG}\n- one\n- two"),
        (f"{LONG}\n\nnext", f"{LONG}\n\nnext"),
        (f"- {LONG}\n  goes on\n- two", f"- {LONG} goes on\n- two"),
        (f"{JAPANESE}と\n思います。", f"{JAPANESE}と思います。"),
        ("", ""),
    ],
)
def test_it_joins_what_only_the_file_broke(given, wanted):
    assert flowing(given) == wanted
