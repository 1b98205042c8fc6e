"""`make` alone explains what there is to make."""

from __future__ import annotations

import re
import subprocess

from tests.architecture.tree import ROOT


def test_it_explains_every_target_for_people():
    makefile = (ROOT / "Makefile").read_text()
    shown = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)
    told = re.findall(r"^  make (\w+) +\S", shown.stdout, re.MULTILINE)
    assert {"run", "practice", "test", "lint"} <= set(told)
    assert set(told) == set(re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE))
