"""A real IMAP server that is not ours: Debian's Dovecot, private, in a temporary folder, on free ports, with TLS."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from imapclient import IMAPClient

from mailserver.practice.certificates import self_signed

NAME = "localhost"
PASSWORD = "kouign-amann"

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = yes
auth_failure_delay = 0
first_valid_uid = 1
mail_max_userip_connections = 100
auth_mechanisms = plain login
{internal}
passdb {{
  driver = static
  args = password={{PLAIN}}{password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%n mail=maildir:~/Maildir:LAYOUT=fs allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
  mailbox Gesendet {{
    special_use = \\Sent
    auto = create
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = create
  }}
}}
service imap-login {{
  {chroot}
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service anvil {{
  {chroot}
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """Any user exists, with `PASSWORD`. `ca` is what to trust."""

    folder: Path
    imap: int
    imaps: int
    ca: Path

    @contextmanager
    def client(self, user: str) -> Iterator[IMAPClient]:
        context = ssl.create_default_context(cafile=str(self.ca))
        with IMAPClient(NAME, self.imaps, ssl_context=context, timeout=20) as client:
            client.login(user, PASSWORD)
            yield client

    def fill(
        self,
        user: str,
        raws: Sequence[bytes],
        *,
        box: str = "INBOX",
        flags: Sequence[str] = (),
        at: datetime | None = None,
    ) -> None:
        """Put messages into a folder, which is made when it is missing."""
        with self.client(user) as client:
            if not client.folder_exists(box):
                client.create_folder(box)
            for raw in raws:
                client.append(box, raw, flags, at)

    def renumber(self, user: str) -> None:
        """Lose the UIDs of the Inbox: the next to open it finds another UIDVALIDITY."""
        home = self.folder / "mail" / user / "Maildir"
        for path in (*home.glob("dovecot-uidlist*"), *home.glob("dovecot.index*")):
            path.unlink()


@contextmanager
def dovecot(*, separator: str = "/", prefix: str = "") -> Iterator[Dovecot]:
    """The server until the block ends. Skips the test, loudly, where there is no Dovecot."""
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("DOVECOT IS NOT INSTALLED: nothing was tried against an IMAP server that is not ours")
    # Not in the test's own folder, which other users may not enter: as root, mail processes are another's.
    with tempfile.TemporaryDirectory(prefix="correio-dovecot-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with _running(program, folder, separator=separator, prefix=prefix) as server:
            yield server


@contextmanager
def _running(program: str, folder: Path, *, separator: str, prefix: str) -> Iterator[Dovecot]:
    pem = folder / "server.pem"
    pem.write_bytes(self_signed(NAME))
    imap, imaps = _ports()
    root = os.getuid() == 0
    owner = pwd.getpwnam("mail" if root else getpass.getuser())
    (folder / "mail").mkdir()
    os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    me = getpass.getuser()
    (folder / "dovecot.conf").write_text(
        CONFIG.format(
            folder=folder,
            password=PASSWORD,
            imap=imap,
            imaps=imaps,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            separator=separator,
            prefix=prefix,
            internal="" if root else f"default_internal_user = {me}\ndefault_login_user = {me}",
            chroot="" if root else "chroot =",
        )
    )
    process = subprocess.Popen([program, "-F", "-c", str(folder / "dovecot.conf")])
    try:
        _wait(process, imaps, folder)
        yield Dovecot(folder, imap, imaps, pem)
    finally:
        process.terminate()
        process.wait(20)


def _ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    until = time.monotonic() + 20
    while True:
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < until, "Dovecot does not answer"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
