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
        ("CORREIO_SENDING_ALARM", "recipients"),
        ("CORREIO_SENDING_ALARM", "recipients=0"),
        ("CORREIO_SENDING_ALARM", "speed=5"),
        ("CORREIO_SENDING_DAY", "-1"),
        ("CORREIO_QUEUE_HISTORY", "month"),
        ("CORREIO_PUBLIC_PORTS", "993"),
        ("CORREIO_PUBLIC_PORTS", "jmap=443"),
        ("CORREIO_PUBLIC_PORTS", "imap=-1"),
    ],
)
def test_it_refuses_what_it_cannot_use(load, name, value):
    with pytest.raises(ConfigurationError):
        load(**{name: value})


def test_it_tells_programs_the_ports_it_listens_on_and_an_address_that_leads_there(load):
    config = load(CORREIO_HOSTNAME="mx.example.org", CORREIO_IMAPS_PORT="3993")
    assert config.public_host == "127.0.0.1"
    assert config.public_ports == {
        "imap": 2143,
        "imaps": 3993,
        "pop3": 2110,
        "pop3s": 2995,
        "submission": 2587,
        "submissions": 2465,
    }
    assert load(CORREIO_HOSTNAME="mx.example.org", CORREIO_BIND="0.0.0.0").public_host == "mx.example.org"
    assert load(CORREIO_PUBLIC_HOST="imap.example.org").public_host == "imap.example.org"


def test_it_tells_programs_what_is_published_and_the_last_word_counts(load):
    ports = load(CORREIO_PUBLIC_PORTS="imap=143, imaps=993,pop3=110,pop3=0,").public_ports
    assert (ports["imap"], ports["imaps"], ports["pop3"], ports["pop3s"]) == (143, 993, 0, 2995)


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


def test_it_watches_what_people_send_unless_told_otherwise(load):
    assert (load().sending_hour, load().sending_day, load().sending_alarm) == (2000, 2000, conf.Alarm())
    assert load(CORREIO_SENDING_ALARM="off").sending_alarm is None
    told = load(CORREIO_SENDING_ALARM="recipients=500, times=10").sending_alarm
    assert told == conf.Alarm(recipients=500, times=10)
