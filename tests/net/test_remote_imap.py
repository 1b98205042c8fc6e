"""The client against servers that lie, flood, hang and break off."""

from __future__ import annotations

import logging
import socket
import threading

import pytest

from mailserver.net import fetch, imap_wire, remote_imap, remote_session
from mailserver.net.remote_trouble import Flooded, Place, Refused, RemoteTrouble
from mailserver.practice.certificates import self_signed
from tests.support.mail import message
from tests.support.scripted_imap import Script, imap_server

PASSWORD = "kouign-amann"


@pytest.fixture(autouse=True)
def _trusted(tmp_path, monkeypatch):
    pem = tmp_path / "ca.pem"
    pem.write_bytes(self_signed("localhost"))
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))


def place(port: int, **other: object) -> Place:
    given = {"host": "localhost", "port": port, "security": "tls", "username": "old", "password": PASSWORD}
    return Place(**{**given, **other})


def connect(port: int, **options: object):
    return remote_imap.connect(place(port), allowed=lambda address: True, **options)


def refused(port: int, **other: object) -> RemoteTrouble:
    with pytest.raises(RemoteTrouble) as error, remote_imap.connect(place(port, **other), allowed=lambda address: True):
        pytest.fail("it got in")
    return error.value


def tried(port: int, act, **options: object):
    """What `act` gives with a session, or the trouble that came instead."""
    try:
        with connect(port, **options) as remote:
            return act(remote)
    except RemoteTrouble as error:
        return error


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "::1", "2130706433", "0x7f000001", "169.254.169.254", "10.0.0.7", "::ffff:127.0.0.1"],
)
def test_it_does_not_call_hosts_of_our_own_network(host):
    with pytest.raises(RemoteTrouble) as error, remote_imap.connect(place(993, host=host)):
        pytest.fail("it called")
    assert error.value.lasting
    assert error.value.field == "host"
    assert "not on the public internet" in str(error.value)


def test_it_refuses_a_name_with_one_private_address_among_public_ones(monkeypatch):
    monkeypatch.setattr(fetch, "addresses", lambda host, port: ["93.184.215.14", "10.0.0.7"])
    with pytest.raises(RemoteTrouble), remote_imap.connect(place(993, host="imap.example.org")):
        pytest.fail("it called")


def test_it_connects_to_the_address_it_checked_and_to_no_other(monkeypatch):
    """A name that resolves differently the second time gains nothing."""
    called, answers = [], [["93.184.215.14"], ["127.0.0.1"]]
    monkeypatch.setattr(fetch, "addresses", lambda host, port: answers.pop(0))

    def create(address, timeout):
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", create)
    with pytest.raises(RemoteTrouble), remote_imap.connect(place(993, host="rebinding.example.org")):
        pytest.fail("it got in")
    assert called == [("93.184.215.14", 993)]
    assert len(answers) == 1


@pytest.mark.parametrize("port", [22, 25, 80, 1023])
def test_it_talks_to_no_port_of_other_services(port):
    assert refused(port).field == "port"


def test_it_trusts_no_certificate_of_another_name_or_maker(monkeypatch):
    script = Script()
    with imap_server(script, name="imap.example.org") as port:
        assert "certificate of localhost cannot be trusted" in str(refused(port))
    monkeypatch.delenv("SSL_CERT_FILE")
    with imap_server(script) as port:
        assert "certificate of localhost cannot be trusted" in str(refused(port))
    assert script.heard == []


def test_it_says_nothing_in_clear_when_starttls_is_not_offered():
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            line, _ = listener.accept()
            with line, line.makefile("rb") as reader:
                line.sendall(b"* OK hello\r\n")
                for octets in reader:
                    tag, _, command = octets.decode().rstrip().partition(" ")
                    heard.append(command)
                    line.sendall(f"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK done\r\n".encode())

        threading.Thread(target=serve, daemon=True).start()
        error = refused(listener.getsockname()[1], security="starttls")
    assert (error.field, error.lasting) == ("security", True)
    assert set(heard) <= {"CAPABILITY", "LOGOUT"}


@pytest.mark.parametrize(
    ("words", "field", "said"),
    [
        ("[AUTHENTICATIONFAILED] Wrong", "password", "does not accept this user name and password. It says: Wrong"),
        ("[ALERT] Application-specific \x07 password", "password", "It says: Application-specific   password"),
        ("Wrong", "password", "does not accept this user name and password. It says: Wrong"),
        ("[EXPIRED] Renew it", "password", "this password has expired. It says: Renew it"),
        ("[authorizationfailed] Not yours", "password", "not for this user name. It says: Not yours"),
        ("[PRIVACYREQUIRED] TLS", "security", "asks for an encrypted connection"),
        ("[UNAVAILABLE] Later", "", "lets nobody in at the moment. It says: Later"),
        ("[INUSE] Busy", "", "in use by another program"),
        ("[LIMIT] Too many", "", "lets no more programs in"),
        ("[SERVERBUG] Oh", "", "has a fault"),
        ("[CONTACTADMIN] Call us", "", "its administrator has done something. It says: Call us"),
        ("[NOPERM] No", "", "does not let this account in"),
    ],
)
@pytest.mark.parametrize("capabilities", ["IMAP4rev1 AUTH=PLAIN", "IMAP4rev1"])
def test_it_says_in_plain_words_why_it_is_not_let_in(words, field, said, capabilities):
    def no(command: str) -> bytes:
        return b"{tag} NO " + words.encode() + b"\r\n"

    with imap_server(Script(answers={"AUTHENTICATE": no, "LOGIN": no}, capabilities=capabilities)) as port:
        error = refused(port)
    assert (error.lasting, error.field) == (bool(field), field or "host")
    assert said in str(error)
    assert PASSWORD not in str(error)


def test_it_puts_no_password_into_the_log(caplog):
    caplog.set_level(logging.DEBUG)
    with imap_server(Script(capabilities="IMAP4rev1")) as port, connect(port) as remote:
        remote.folders()
    assert PASSWORD not in caplog.text
    assert PASSWORD not in repr(place(993))


def test_it_knows_a_broken_connection_from_a_wrong_password():
    with imap_server(Script(answers={"AUTHENTICATE": lambda command: None})) as port:
        error = refused(port)
    assert (error.lasting, str(error)) == (False, "localhost broke the connection off.")


@pytest.mark.parametrize("greeting", [b"220 mx.example.org ESMTP\r\n", b"\0" * 4000, b"HTTP/1.0 400 Bad\r\n\r\n", b""])
def test_it_says_when_the_other_side_is_no_imap_server(greeting, monkeypatch):
    monkeypatch.setattr(remote_session, "CONNECT_SECONDS", 1.0)
    with imap_server(Script(answers={"": lambda command: None}), greeting=greeting) as port:
        error = refused(port)
    assert not error.lasting
    assert str(error).startswith("localhost ")


def test_it_refuses_a_literal_that_is_huge_before_reading_it():
    promise = b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\n"
    with imap_server(Script({1: b"x"}, {"UID FETCH 1 (BODY": lambda command: promise})) as port:
        found = tried(port, lambda remote: remote.open("INBOX") and remote.contents([1], octets=1, largest=1000))
    assert isinstance(found, Flooded)


@pytest.mark.parametrize("line", [b"* 1 FETCH (UID 1 FLAGS ())\r\n", b"x" * 70_000])
def test_it_listens_to_no_flood(line):
    def flood(command: str) -> bytes:
        return line * (3_000_000 // len(line))

    with imap_server(Script({1: b"x"}, {"UID FETCH": flood})) as port:
        found = tried(port, lambda remote: remote.open("INBOX") and remote.describe([1]))
    assert isinstance(found, Flooded)


def test_it_cuts_a_server_that_drips():
    """One octet now and then passes every timeout of a socket."""
    over = threading.Event()

    def drip(command: str) -> bytes:
        over.wait(90)  # longer than the timeout of the socket, which would say something else
        return b""

    with imap_server(Script({1: b"x"}, {"EXAMINE": drip})) as port:
        found = tried(port, lambda remote: remote.open("INBOX"), seconds=0.5)
        over.set()
    assert str(found) == "localhost broke the connection off."


@pytest.mark.parametrize("uidvalidity", ["0", "x", "-3", ""])
def test_it_gives_no_number_to_a_folder_without_uidvalidity(uidvalidity):
    with imap_server(Script({1: b"x"}, uidvalidity=uidvalidity)) as port:
        found = tried(port, lambda remote: remote.open("INBOX").uidvalidity)
    assert found == 0 or str(found) == "localhost answers in a way that is not IMAP."


@pytest.mark.parametrize(
    "answer",
    [
        b"* SEARCH 1 2 x\r\n{tag} OK done\r\n",
        b"* SEARCH 5 3 3 99999999999 -1 0\r\n{tag} OK done\r\n",
        b"{tag} OK done\r\n",
        b"* SEARCH\r\n{tag} OK done\r\n",
        b"* SEARCH " + b"\xff" * 40 + b"\r\n{tag} OK done\r\n",
    ],
)
def test_it_takes_only_uids_that_can_be(answer):
    with imap_server(Script({1: b"x"}, {"UID SEARCH": lambda command: answer})) as port:
        found = tried(port, lambda remote: remote.open("INBOX") and remote.uids(2))
    if isinstance(found, RemoteTrouble):
        assert str(found) == "localhost answers in a way that is not IMAP."
    else:
        assert found == sorted({uid for uid in found if 2 < uid < 2**32})


@pytest.mark.parametrize(
    "answer",
    [
        b"* 1 FETCH (UID 1 FLAGS (\\Seen INTERNALDATE x RFC822.SIZE))\r\n{tag} OK done\r\n",
        b"* 1 FETCH UID\r\n{tag} OK done\r\n",
        b"* 1 FETCH (UID 1 RFC822.SIZE many)\r\n{tag} OK done\r\n",
        b"* 1 FETCH (UID 1 FLAGS NIL RFC822.SIZE 5)\r\n{tag} OK done\r\n",
        b'* 1 FETCH (UID 1 FLAGS () INTERNALDATE "31-Foo-0000 99:99:99 +9999" RFC822.SIZE 5)\r\n{tag} OK done\r\n',
        b"* 1 FETCH (UID 2 FLAGS () RFC822.SIZE 5)\r\n{tag} OK done\r\n",
        b"* garbage\r\n{tag} OK done\r\n",
    ],
)
def test_it_survives_answers_that_are_no_answers(answer):
    with imap_server(Script({1: b"x"}, {"UID FETCH": lambda command: answer})) as port:
        found = tried(port, lambda remote: remote.open("INBOX") and remote.describe([1]))
    if isinstance(found, RemoteTrouble):
        assert not found.lasting
    else:
        assert [item.uid for item in found] in ([], [1])


def test_it_reads_octets_as_they_are_and_tells_that_it_lives():
    raws = {1: message(body="\x00\xff" * 50_000), 2: b"no header at all", 9: b"\r\n"}
    calls = []
    with imap_server(Script(raws)) as port, connect(port, alive=lambda: calls.append(1)) as remote:
        assert remote.open("INBOX") == remote_imap.Opened(7, 3)
        assert remote.uids(0) == [1, 2, 9]
        assert remote.uids(1) == [2, 9]
        assert remote.contents([1, 2, 9], octets=1000, largest=1_000_000) == raws
    assert calls


def test_it_lists_folders_with_their_uses_and_odd_names():
    listing = (
        b'* LIST (\\HasNoChildren \\All) "/" "[Gmail]/All Mail"\r\n'
        b'* LIST (\\HasNoChildren \\Sent) "/" "[Gmail]/Sent Mail"\r\n'
        b'* LIST (\\Flagged) "/" "[Gmail]/Starred"\r\n'
        b'* LIST (\\Noselect) "/" "[Gmail]"\r\n'
        b'* LIST () "." "A/B.Cr&AOo-pes"\r\n'
        b'* LIST () "/" "broken &utf7"\r\n'
        b'* LIST () "/" {6}\r\nin\r\nit\r\n'
        b'* LIST () NIL "Junk"\r\n'
        b'* LIST () "/" 1999\r\n'
        b'* LIST () "/" "inbox"\r\n{tag} OK done\r\n'
    )
    with imap_server(Script(answers={"LIST": lambda command: listing})) as port, connect(port) as remote:
        found = remote.folders()
        broken = next(folder for folder in found if folder.wire.startswith("in\r\n"))
        with pytest.raises(Refused):
            remote.open(broken.wire)
    by_name = {folder.name: folder.use for folder in found}
    assert found[0].use == "inbox"
    assert found[-1] == remote_imap.RemoteFolder("[Gmail]/All Mail", "[Gmail]/All Mail", "all")
    assert by_name["[Gmail]/Sent Mail"] == "sent"
    assert by_name["A_B/Crêpes"] == ""
    assert by_name["Junk"] == "junk"
    assert "1999" in by_name
    assert "[Gmail]/Starred" not in by_name
    assert "[Gmail]" not in by_name


def test_its_bounds_let_a_folder_of_a_million_messages_through():
    assert len(" 4294967295") * 1_000_000 < imap_wire.MAX_LINE
