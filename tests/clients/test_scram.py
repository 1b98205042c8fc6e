"""SCRAM-SHA-256 as others speak it: GNU SASL by its own client and in mutt, Cyrus SASL in mbsync."""

from __future__ import annotations

import mailbox

import psycopg
import pytest

from tests.clients import programs


@pytest.fixture
def prove(alice, tmp_path):
    """Signs in with gsasl at a listener and checks its proof; what it prints."""

    def run(door, password=alice.password, code=0):
        port = str(alice.instance.ready["submission" if door == "smtp" else "imap"]).rpartition(":")[2]
        return programs.run(
            tmp_path,
            "gsasl",
            f"--{door}",
            f"--connect=localhost:{port}",
            "--starttls",
            f"--x509-ca-file={alice.certificate}",
            "--mechanism=SCRAM-SHA-256",
            f"--authentication-id={alice.address}",
            f"--authorization-id={alice.address}",
            f"--password={password}",
            "--no-cb",
            "--quiet",
            code=code,
        ).stdout

    return run


@pytest.mark.parametrize("door", ["imap", "smtp"])
def test_gsasl(alice, prove, door):
    prove(door)
    # An account from before there were verifiers: from its next sign-in with the password on.
    with psycopg.connect(alice.instance.database_url) as connection:
        connection.execute(
            "DELETE FROM scram_verifier v USING account a WHERE a.id = v.account_id AND address = %s", [alice.address]
        )
    prove(door, code=1)
    with alice.imapclient():
        prove(door)
    prove(door, password="buckwheat and water", code=1)


def test_mutt_by_pop3(alice, tmp_path):
    alice.put("Crepes on Sunday")
    with psycopg.connect(alice.instance.database_url) as connection:
        connection.execute("UPDATE account SET pop3 = true WHERE address = %s", [alice.address])
    port = str(alice.instance.ready["pop3s"]).rpartition(":")[2]
    # Else mutt asks whether to make it.
    (tmp_path / "Mail").mkdir()
    (tmp_path / "muttrc").write_text(
        f'set pop_user="{alice.address}" pop_pass="{alice.password}" pop_authenticators="scram-sha-256"\n'
        f'set ssl_ca_certificates_file="{alice.certificate}" certificate_file="{tmp_path}/accepted"\n'
        "set pop_delete=no move=no wait_key=no beep=no timeout=1 quit=yes\n"
    )
    programs.find("mutt")
    command = f"mutt -n -F muttrc -f pops://localhost:{port}/ -e \"push '<quit>'\""
    said = programs.run(tmp_path, "script", "--quiet", "--return", "--command", command, "/dev/null").stdout
    assert "Authenticating (SCRAM-SHA-256)" in said
    assert "1 kept, 0 deleted." in said


def test_mbsync_by_cyrus_sasl(alice, tmp_path):
    alice.put("Crepes on Sunday")
    host, port = alice.imaps
    (tmp_path / "mail").mkdir()
    (tmp_path / "config").write_text(
        f'IMAPStore far\nHost {host}\nPort {port}\nUser {alice.address}\nPass "{alice.password}"\n'
        f"AuthMechs SCRAM-SHA-256\nSSLType IMAPS\nCertificateFile {alice.certificate}\n\n"
        "MaildirStore near\nInbox mail/INBOX\n\nChannel all\nFar :far:\nNear :near:\nCreate Near\nSyncState *\n"
    )
    programs.find("mbsync")
    programs.plugin("libscram.so", "libsasl2-modules")
    programs.run(tmp_path, "mbsync", "-c", "config", "all")
    (message,) = mailbox.Maildir(tmp_path / "mail" / "INBOX", create=False)
    assert message["Subject"] == "Crepes on Sunday"
