from __future__ import annotations

import plistlib
import re
from dataclasses import replace

import pytest

from tests.services.test_programs import PUBLIC
from webmail.rendering import mobileconfig

UUID = re.compile(r"[0-9A-F]{8}-[0-9A-F]{4}-5[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}")


@pytest.fixture(autouse=True)
def public(settings):
    def change(**ports: int) -> None:
        settings.CORREIO = replace(settings.CORREIO, public_host="mail.crepes.fr", public_ports={**PUBLIC, **ports})

    change()
    return change


def profile(address: str = "alice@crepes.fr", name: str = "Alice"):
    return plistlib.loads(mobileconfig.profile(address, name))


def test_it_sets_up_reading_and_sending():
    whole = profile()
    (mail,) = whole["PayloadContent"]
    assert (whole["PayloadType"], mail["PayloadType"]) == ("Configuration", "com.apple.mail.managed")
    assert mail["EmailAccountType"] == "EmailTypeIMAP"
    for way, port in (("Incoming", 993), ("Outgoing", 465)):
        assert mail[f"{way}MailServerHostName"] == "mail.crepes.fr"
        assert mail[f"{way}MailServerPortNumber"] == port
        assert mail[f"{way}MailServerUseSSL"] is True
        assert mail[f"{way}MailServerUsername"] == "alice@crepes.fr"
        assert mail[f"{way}MailServerAuthentication"] == "EmailAuthPassword"


def test_it_holds_no_password():
    (mail,) = profile()["PayloadContent"]
    assert not {"IncomingPassword", "OutgoingPassword"} & set(mail)
    assert mail["OutgoingPasswordSameAsIncomingPassword"] is True


def test_a_later_one_takes_the_place_of_an_earlier(public):
    first = profile()
    public(imaps=1993)
    second, other = profile(name="Alice Lefebvre"), profile("bob@hamburger.edu")
    numbers = [first["PayloadUUID"], first["PayloadContent"][0]["PayloadUUID"]]
    assert numbers == [second["PayloadUUID"], second["PayloadContent"][0]["PayloadUUID"]]
    assert all(UUID.fullmatch(number) for number in numbers)
    assert len({*numbers, other["PayloadUUID"], other["PayloadContent"][0]["PayloadUUID"]}) == 4
    assert first["PayloadIdentifier"] == second["PayloadIdentifier"]
    assert first["PayloadIdentifier"].startswith("fr.crepes.mail.")


def test_it_takes_pop3_where_there_is_no_imap(public):
    public(imap=0, imaps=0)
    (mail,) = profile()["PayloadContent"]
    assert (mail["EmailAccountType"], mail["IncomingMailServerPortNumber"]) == ("EmailTypePOP", 995)
    public(imap=0, imaps=0, pop3=0, pop3s=0)
    assert mobileconfig.profile("alice@crepes.fr", "Alice") is None
    assert not mobileconfig.is_possible()


@pytest.mark.parametrize("name", ["<b>&\"'", "Zoë\x00\x07\r\n", "مريم"])
def test_it_is_well_formed_whatever_somebody_is_called(name):
    (mail,) = profile(name=name)["PayloadContent"]
    assert mail["EmailAccountName"] == name.strip("\x00\x07\r\n")
