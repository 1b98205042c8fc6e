from __future__ import annotations

from base64 import b64encode

import pytest

from mailserver.services import login
from tests.support.people import PASSWORD
from tests.support.scram import ScramClient


def plain(address: str, password: str = PASSWORD) -> str:
    return b64encode(f"\0{address}\0{password}".encode()).decode()


def test_login(connect, bob):
    client = connect()
    *_, done = client.do(f'LOGIN {bob.address} "{PASSWORD}"')
    assert done.startswith(b"OK [CAPABILITY IMAP4rev1 IMAP4rev2 ")
    assert {b"NAMESPACE", b"COMPRESS=DEFLATE"} <= set(done.replace(b"]", b" ").split())
    assert b"AUTH=" not in done
    client.ok('LIST "" *')


def test_authenticate_with_initial_response(connect, bob):
    client = connect()
    client.ok(f"AUTHENTICATE PLAIN {plain(bob.address)}")


WAYS = {
    "PLAIN": lambda address, token: [f"\0{address}\0{PASSWORD}"],
    "LOGIN": lambda address, token: [address, PASSWORD],
    "OAUTHBEARER": lambda address, token: [f"n,a={address},\x01auth=Bearer {token}\x01\x01"],
    "XOAUTH2": lambda address, token: [f"user={address}\x01auth=Bearer {token}\x01\x01"],
}


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_all_ways_with_and_without_initial_response(connect, bob, way, at_once):
    answers = WAYS[way](bob.address, login.issue_token(account_id=bob.pk, purpose="imap"))
    lines = [b64encode(answer.encode()).decode() for answer in answers]
    client = connect()
    tag = client.send_command(f"AUTHENTICATE {way}{' ' + lines.pop(0) if at_once else ''}")
    for line in lines:
        assert client.response().startswith(b"+ ")
        client.send(line)
    assert client.until(tag)[-1].startswith(b"OK [CAPABILITY ")


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("AUTHENTICATE CRAM-MD5", rb"NO \[CANNOT\] .*"),
        ("AUTHENTICATE PLAIN !!!!", rb"BAD .*"),
        ("AUTHENTICATE PLAIN =", rb"BAD .*"),
        ("AUTHENTICATE", rb"BAD .*"),
        ("LOGIN bob", rb"BAD .*"),
    ],
)
def test_what_is_no_way_to_sign_in(connect, db, command, answer):
    connect().refused(command, answer)


def scram(client, way: ScramClient, *, at_once: bool = False, **final) -> bytes:
    """The server's last word."""
    tag = client.send_command(f"AUTHENTICATE SCRAM-SHA-256{' ' + way.first() if at_once else ''}")
    if not at_once:
        assert client.response() == b"+ "
        client.send(way.first())
    client.send(way.final(client.response().removeprefix(b"+ "), **final))
    said = client.response()
    if not said.startswith(b"+ "):
        return said.removeprefix(tag + b" ")
    assert way.believes(said.removeprefix(b"+ "))
    client.send("")
    return client.until(tag)[-1]


@pytest.mark.parametrize("at_once", [True, False])
def test_scram(connect, bob, at_once):
    client = connect()
    assert scram(client, ScramClient(bob.address, PASSWORD), at_once=at_once).startswith(b"OK [CAPABILITY ")
    client.ok('LIST "" *')


def test_scram_is_refused(connect, bob):
    client = connect()
    refused = b"NO [AUTHENTICATIONFAILED] Address or password is wrong."
    assert scram(client, ScramClient(bob.address, "guess")) == refused
    assert scram(client, ScramClient("nobody@hamburger.edu", PASSWORD)) == refused
    assert scram(client, ScramClient(bob.address, PASSWORD), nonce="another").startswith(b"BAD")
    assert scram(client, ScramClient(bob.address, PASSWORD), binding="y,,").startswith(b"BAD")
    assert scram(client, ScramClient(bob.address, PASSWORD)).startswith(b"OK")


def test_a_scram_client_may_not_believe_us(connect, bob):
    client, way = connect(), ScramClient(bob.address, PASSWORD)
    tag = client.send_command(f"AUTHENTICATE SCRAM-SHA-256 {way.first()}")
    client.send(way.final(client.response().removeprefix(b"+ ")))
    assert way.believes(client.response().removeprefix(b"+ "))
    client.send("*")
    assert client.until(tag)[-1].startswith(b"NO [AUTHENTICATIONFAILED]")
    client.refused('LIST "" *', rb"BAD Sign in first\.")


def test_authenticate_by_question_and_answer(connect, bob):
    client = connect()
    tag = client.send_command("authenticate plain")
    assert client.response() == b"+ "
    client.send(plain(bob.address))
    assert client.until(tag)[-1].startswith(b"OK")


def test_authenticate_may_be_given_up(connect, bob):
    client = connect()
    tag = client.send_command("AUTHENTICATE PLAIN")
    client.response()
    client.send("*")
    assert client.until(tag)[-1].startswith(b"BAD")
    client.log_in(bob.address, PASSWORD)


def test_tokens_are_for_one_purpose(connect, bob):
    client = connect()
    for purpose, answer in (("submission", b"NO"), ("imap", b"OK")):
        token = login.issue_token(account_id=bob.pk, purpose=purpose)
        said = b64encode(f"user={bob.address}\x01auth=Bearer {token}\x01\x01".encode()).decode()
        tag = client.send_command(f"AUTHENTICATE XOAUTH2 {said}")
        if answer == b"NO":
            assert client.response().startswith(b"+ ")
            client.send("")
        assert client.until(tag)[-1].startswith(answer)


def test_a_wrong_password_is_wrong(connect, bob):
    client = connect()
    client.refused(f"LOGIN {bob.address} guess", rb"NO \[AUTHENTICATIONFAILED\] .*")
    client.refused("LOGIN nobody@hamburger.edu guess", rb"NO \[AUTHENTICATIONFAILED\] .*")
    assert client.do(f"LOGIN {bob.address} guess")[-1].startswith(b"NO [AUTHENTICATIONFAILED]")
    assert client.response().startswith(b"* BYE")
    client.expect_end()


def test_no_password_in_clear(connect, bob):
    client = connect(encrypted=False)
    assert b"LOGINDISABLED" in client.ok("CAPABILITY")[0]
    client.refused(f"LOGIN {bob.address} {PASSWORD.replace(' ', '')}", rb"NO \[PRIVACYREQUIRED\] .*")
    client.refused(f"AUTHENTICATE PLAIN {plain(bob.address)}", rb"NO \[PRIVACYREQUIRED\] .*")


def test_starttls(connect, bob):
    client = connect(encrypted=False)
    client.ok("STARTTLS")
    client.encrypt()
    assert b"STARTTLS" not in client.ok("CAPABILITY")[0]
    client.refused("STARTTLS", rb"BAD .*")
    client.log_in(bob.address, PASSWORD)


def test_what_stands_behind_starttls_ends_the_connection(connect, bob):
    client = connect(encrypted=False)
    client.push(b"a STARTTLS\r\nb NOOP\r\n")
    client.expect_end()


@pytest.mark.parametrize("command", ["SELECT INBOX", 'LIST "" *', "IDLE", "FETCH 1 FLAGS", "ENABLE CONDSTORE"])
def test_strangers_sign_in_first(connect, db, command):
    connect().refused(command, rb"BAD Sign in first\.")


def test_it_ends_with_the_password(connect, bob, ports):
    client = connect(bob.address)
    # The bell's first word lets the session check itself: after that, and not before, the password changes.
    while not ports.site.hub.hears:
        client.ok("NOOP")
    client.ok("NOOP")
    client.ok("NOOP")
    bob.set_password("another")
    bob.save()
    (watcher,), loop = ports.site.hub._watchers[bob.pk], ports.site.hub._clock.get_loop()
    loop.call_soon_threadsafe(watcher.rung, {})
    assert client.response() == b"* BYE Your password or account has changed. Sign in again."
    client.expect_end()


def test_a_command_may_come_with_the_last_word_of_the_handshake(connect, bob):
    client = connect(encrypted=False)
    client.ok("STARTTLS")
    client.encrypt_and_send("b CAPABILITY")
    assert client.line().startswith("* CAPABILITY IMAP4rev1")
