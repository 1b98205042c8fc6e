"""The process behind `make practice`: the practice internet beside a complete Correio, until it is told to stop."""

from __future__ import annotations

import signal
import smtplib
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.parser import BytesHeaderParser
from email.policy import default
from pathlib import Path

from mailserver.conf import Config
from mailserver.errors import ConfigurationError
from mailserver.practice import echo
from mailserver.practice.internet import Internet
from mailserver.practice.places import Place, places
from mailserver.practice.policies import ADDRESS
from mailserver.practice.scripted import Session
from mailserver.stack import plan
from mailserver.stack.child import Child

READY = "The practice internet answers"

# Minutes instead of days, so that a person can watch; the mail of `make run` stays where it is.
SETTINGS = {
    "CORREIO_DATA_DIR": "var/practice",
    "CORREIO_DNS_SERVER": "127.0.0.1:2053",
    "CORREIO_REMOTE_SMTP_PORT": "2526",
    "CORREIO_ALLOW_PRIVATE_HOPS": "1",
    "CORREIO_RETRY_SCHEDULE": "20s,40s,1m,2m,3m",
    "CORREIO_EXPIRE_AFTER": "10m",
    "CORREIO_STAGE_TIMEOUT": "20",
}


# The authority of the practice servers; where it lies, the mail is practice.
TRUST = "practice-authority.pem"


def environ(given: Mapping[str, str]) -> dict[str, str]:
    """What a run of practice is told; what was set from outside stands, but for stores that others use.

    Raises ConfigurationError when the data folder holds mail that is no practice: it would be given up in minutes.
    """
    kept = {name: value for name, value in given.items() if name not in ("CORREIO_DATABASE_URL", "CORREIO_REDIS_URL")}
    told = {**SETTINGS, **kept}
    folder = Path(told["CORREIO_DATA_DIR"])
    if (folder / "postgres").exists() and not (folder / TRUST).exists():
        raise ConfigurationError(f"CORREIO_DATA_DIR: the mail in {folder} is no practice; name another folder")
    # The policy servers of the practice internet listen at the port of its mail servers.
    told.setdefault("CORREIO_MTA_STS_PORT", told["CORREIO_REMOTE_SMTP_PORT"])
    told.setdefault("CORREIO_TRUSTED_CA", str(folder / TRUST))
    return told


def children(wanted: plan.Plan) -> list[Child]:
    """What runs beside the system."""
    return [replace(plan.manage(wanted, "practice", "runpractice"), ready_line=READY.encode())]


def guide(world: list[Place] | None = None) -> str:
    """Whom to write to, for the terminal."""
    shows = [pair for place in world or places() for pair in place.shows]
    lines = ["", "  Sign in, write to one of these, and open the path of the message:", ""]
    lines += [f"  {address:<30} {what}" for address, what in shows]
    return "\n".join([*lines, "", "  What they took is in the log named practice. Retries come within minutes."])


def run(config: Config, say: Callable[[str], None]) -> None:
    """Until SIGTERM or SIGINT. Raises ConfigurationError when it cannot listen."""
    if config.dns_server is None or config.dns_server[0] != "127.0.0.1":
        raise ConfigurationError("CORREIO_DNS_SERVER: the practice internet answers at 127.0.0.1:port")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    desk = _Desk((config.bind, config.mx_port), say)
    port = config.remote_smtp_port  # of the policy servers too, at an address of their own
    internet = Internet(port=port, dns_port=config.dns_server[1], policy_port=port, taken=desk.take)
    try:
        with internet:
            trust = config.data_dir / TRUST
            trust.write_bytes(internet.authority.pem)
            say(f"Policies are at {ADDRESS}:{port}; who shall believe them trusts {trust}")
            say(READY)
            stop.wait()
    except OSError as error:
        raise ConfigurationError(
            f"The practice internet needs 127.25.0.0/24, which Linux has without asking, and its ports: {error}"
        ) from error


class _Desk:
    """Says what was taken, and answers for those who echo. `mx`: our own door for other servers."""

    def __init__(self, mx: tuple[str, int], say: Callable[[str], None]) -> None:
        self._mx = mx
        self._say = say
        self._sources = {host.name: host.address for place in places() for host in place.hosts}

    def take(self, host: str, session: Session, message: bytes) -> None:
        subject = BytesHeaderParser(policy=default).parsebytes(message).get("Subject", "")
        secret = "encrypted" if session.encrypted else "in clear"
        self._say(f"{host} took {len(message)} bytes, {secret}: {subject}")
        for answer in echo.answers(session.commands, message):
            try:
                echo.send(answer, self._mx, host, self._sources[host])
            except (OSError, smtplib.SMTPException) as error:
                self._say(f"{host} could not answer: {error}")
