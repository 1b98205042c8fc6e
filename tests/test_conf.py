from __future__ import annotations

import pytest

from mailserver import conf
from mailserver.errors import ConfigurationError


@pytest.fixture
def load(tmp_path):
    return lambda **variables: conf.load({"CORREIO_DATA_DIR": str(tmp_path), **variables})


def test_it_checks_senders_and_follows_their_policies_unless_told_otherwise(load):
    assert (load().sender_checks, load().dmarc_reject) == ("on", "refuse")
    assert load(CORREIO_SENDER_CHECKS="all").sender_checks == "all"
    assert load(CORREIO_DMARC_REJECT="junk").dmarc_reject == "junk"


@pytest.mark.parametrize("name", ["CORREIO_SENDER_CHECKS", "CORREIO_DMARC_REJECT"])
def test_it_refuses_words_it_does_not_know(load, name):
    with pytest.raises(ConfigurationError, match=name):
        load(**{name: "maybe"})
