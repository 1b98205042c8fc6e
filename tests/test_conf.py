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


def test_it_makes_an_encryption_key_once_and_takes_several(load, tmp_path):
    (made,) = load().encryption_keys
    assert load().encryption_keys == (made,)
    assert (tmp_path / "encryption_key").stat().st_mode & 0o077 == 0
    keys = ("A" * 43 + "=", "b" * 43 + "=")
    assert load(CORREIO_ENCRYPTION_KEYS=" , ".join(keys)).encryption_keys == keys
    assert made not in repr(load())


@pytest.mark.parametrize("value", ["short", "A" * 44, ",", "A" * 43 + "=,x"])
def test_it_refuses_keys_that_are_none_and_names_no_key(load, value):
    with pytest.raises(ConfigurationError, match="CORREIO_ENCRYPTION_KEYS") as error:
        load(CORREIO_ENCRYPTION_KEYS=value)
    assert value not in str(error.value) or value == ","
