"""The scripts of ImapTest against our server, each with an account of its own."""

from __future__ import annotations

import pytest

from tests.conformance import imaptest_script
from tests.conformance.imaptest import Run
from tests.support import corpora

FOLDER = corpora.FOLDER / "imaptest-basic"

pytestmark = corpora.needed


@pytest.mark.parametrize("name", imaptest_script.names(FOLDER))
def test_script(name, door):
    Run(imaptest_script.read(FOLDER, name), door.connect, door.account(name), door.password).run()
