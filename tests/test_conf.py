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


def test_it_scores_mail_and_asks_no_scanner_unless_told(load):
    config = load()
    assert (config.spam_junk, config.spam_reject) == (5, 0)
    assert (config.dnsbl, config.rspamd_url, config.clamd) == ((), "", "")


def test_it_reads_scanners_and_points(load):
    config = load(
        CORREIO_SPAM_JUNK="6.5", CORREIO_SPAM_REJECT="15", CORREIO_DNSBL=" BL.example.org., b.example,,b.example"
    )
    assert (config.spam_junk, config.spam_reject, config.dnsbl) == (6.5, 15, ("bl.example.org", "b.example"))
    assert load(CORREIO_RSPAMD_URL="http://[::1]:11333/x").rspamd_url == "http://[::1]:11333/x"
    assert load(CORREIO_CLAMD="clamd").clamd == ("clamd", 3310)
    assert load(CORREIO_CLAMD="/run/clamd.ctl").clamd == "/run/clamd.ctl"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CORREIO_SPAM_JUNK", "-1"),
        ("CORREIO_SPAM_REJECT", "nan"),
        ("CORREIO_DNSBL", "bl.example, not a domain"),
        ("CORREIO_RSPAMD_URL", "127.0.0.1:11333"),
        ("CORREIO_RSPAMD_URL", "http://a\nb"),
        ("CORREIO_CLAMD", "a:b:c"),
    ],
)
def test_it_refuses_what_it_cannot_use(load, name, value):
    with pytest.raises(ConfigurationError):
        load(**{name: value})
