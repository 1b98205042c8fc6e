"""Nothing in the project names a place of the machine it was written on."""

from __future__ import annotations

import re

from tests.architecture.tree import files, relative

# Home folders and work folders of one machine. Sample messages are data and may say anything.
_MACHINE_PATH = re.compile(rb"(?<![\w./-])/(?:work|root|home/[\w.-]+|Users/[\w.-]+|opt/wheels)/[\w.]")
_DATA = ("tests/data/",)


def test_it_names_no_path_of_a_machine():
    found = {
        relative(path): match[0].decode()
        for path in files()
        if not relative(path).startswith(_DATA) and (match := _MACHINE_PATH.search(path.read_bytes()))
    }
    assert not found
