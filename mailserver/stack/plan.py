"""What a run is made of: the configuration, the environment of the children, and the children themselves."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mailserver import conf
from mailserver.stack import certificate, postgres, probes, redis
from mailserver.stack.child import Child
from mailserver.stack.identity import Identity
from mailserver.stack.postgres import Postgres
from mailserver.stack.redis import Redis

ROOT = Path(__file__).resolve().parents[2]

# Threads of the worker: deliveries wait for the network nearly all of their time.
_WORKER_THREADS = 4
_MOST_SMTP_PROCESSES = 4
_MOST_IMAP_PROCESSES = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """A run: its configuration and the environment its children get."""

    config: conf.Config
    environ: Mapping[str, str]

    def with_stores(self, database_url: str, redis_url: str) -> Plan:
        """The plan once it is known where PostgreSQL and Redis are."""
        stores = {"CORREIO_DATABASE_URL": database_url, "CORREIO_REDIS_URL": redis_url}
        return replace(self, environ={**self.environ, **stores})

    @property
    def reach(self) -> str:
        """The address at which this machine reaches what listens on CORREIO_BIND."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.config.bind, self.config.bind)  # noqa: S104

    def at(self, port: int) -> str:
        """host:port for URLs and ready.json."""
        return f"[{self.reach}]:{port}" if ":" in self.reach else f"{self.reach}:{port}"

    def ports(self) -> dict[str, int]:
        """The ports to listen on, by the variable that sets each."""
        config = self.config
        return {
            "CORREIO_HTTP_PORT": config.http_port,
            "CORREIO_MX_PORT": config.mx_port,
            "CORREIO_SUBMISSION_PORT": config.submission_port,
            "CORREIO_SUBMISSIONS_PORT": config.submissions_port,
            "CORREIO_IMAP_PORT": config.imap_port,
            "CORREIO_IMAPS_PORT": config.imaps_port,
            "CORREIO_POP3_PORT": config.pop3_port,
            "CORREIO_POP3S_PORT": config.pop3s_port,
        }


def make(environ: Mapping[str, str]) -> Plan:
    """The plan for `manage.py up` in this environment. Raises ConfigurationError.

    Demo data unless CORREIO_DEMO=0; a self-signed certificate unless one is named; in the demo, mail for
    hamburger.edu is routed to our own MX port, so that it crosses SMTP though both domains live here.
    """
    ours = dict(environ)
    ours["CORREIO_DEMO"] = ours.get("CORREIO_DEMO", "").strip() or "1"
    plan = Plan(conf.load(ours), {})
    config = plan.config
    ours["CORREIO_DATA_DIR"] = str(config.data_dir)
    ours["CORREIO_HOSTNAME"] = config.hostname
    ours.setdefault("CORREIO_SUBMISSION_HOST", plan.reach)
    if config.tls_cert is None or config.tls_key is None:
        cert, key = certificate.ensure(config.data_dir / "tls", config.hostname)
        ours["CORREIO_TLS_CERT"], ours["CORREIO_TLS_KEY"] = str(cert), str(key)
    if config.demo and "hamburger.edu" not in config.routes:
        routes = (ours.get("CORREIO_ROUTES", ""), f"hamburger.edu={plan.at(config.mx_port)}")
        ours["CORREIO_ROUTES"] = ",".join(filter(None, routes))
    ours["DJANGO_SETTINGS_MODULE"] = "webmail.settings"
    ours["PYTHONUNBUFFERED"] = "1"
    return replace(plan, environ=ours)


def postgres_child(server: Postgres, environ: Mapping[str, str]) -> Child:
    return Child(
        "postgres",
        server.command(),
        cwd=Path("/"),
        environ=environ,
        ready=probes.in_thread(server.answers),
        stop_signal=postgres.STOP_SIGNAL,
        on_parent_death=postgres.STOP_SIGNAL,
        grace=30,
        patience=300,  # crash recovery may have much to replay
        quiet_start=True,
        identity=server.identity,
    )


def redis_child(server: Redis, environ: Mapping[str, str]) -> Child:
    return Child(
        "redis",
        server.command(),
        cwd=Path("/"),
        environ=environ,
        ready=probes.in_thread(server.answers),
        stop_signal=redis.STOP_SIGNAL,
        on_parent_death=redis.STOP_SIGNAL,
        patience=300,
        quiet_start=True,
        identity=Identity(),
    )


def manage(plan: Plan, name: str, *arguments: str, **more: str) -> Child:
    """A `manage.py` command as a job; more: variables for it alone."""
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return Child(name, command, cwd=ROOT, environ={**plan.environ, **more})


def preparations(plan: Plan) -> list[Child]:
    """The jobs that must have ended before anything is served."""
    return [
        manage(plan, "migrate", "migrate", "--no-input", "--verbosity", "0"),
        manage(plan, "collectstatic", "collectstatic", "--no-input", "--verbosity", "0"),
    ]


def servers(plan: Plan) -> list[Child]:
    """The processes that make up the running system, on top of PostgreSQL and Redis."""
    return [_smtp(plan), _imap(plan), _pop3(plan), *_workers(plan), _beat(plan), _web(plan)]


def _smtp(plan: Plan) -> Child:
    config, host = plan.config, plan.reach
    processes = min(len(os.sched_getaffinity(0)), _MOST_SMTP_PROCESSES)
    doors = [
        (host, config.mx_port, False),
        (host, config.submission_port, False),
        (host, config.submissions_port, True),
    ]
    return replace(
        manage(plan, "smtp", "runsmtp", "--processes", str(processes)),
        ready=probes.smtp(doors),
        grace=12,  # it gives its sessions 10 s to end the message they are sending
        listens={
            "mx": plan.at(config.mx_port),
            "submission": plan.at(config.submission_port),
            "submissions": plan.at(config.submissions_port),
        },
    )


def _imap(plan: Plan) -> Child:
    config, host = plan.config, plan.reach
    processes = min(len(os.sched_getaffinity(0)), _MOST_IMAP_PROCESSES)
    return replace(
        manage(plan, "imap", "runimap", "--processes", str(processes)),
        ready=probes.imap([(host, config.imap_port, False), (host, config.imaps_port, True)]),
        grace=12,  # it gives its sessions 10 s to end the command under way
        listens={"imap": plan.at(config.imap_port), "imaps": plan.at(config.imaps_port)},
    )


def _pop3(plan: Plan) -> Child:
    config, host = plan.config, plan.reach
    return replace(
        manage(plan, "pop3", "runpop3"),
        ready=probes.pop3([(host, config.pop3_port, False), (host, config.pop3s_port, True)]),
        grace=12,  # it gives its sessions 10 s to end the command under way
        listens={"pop3": plan.at(config.pop3_port), "pop3s": plan.at(config.pop3s_port)},
    )


def _workers(plan: Plan) -> Iterator[Child]:
    """They divide the queue among themselves."""
    for number in range(1, plan.config.workers + 1):
        yield _worker(plan, "worker" if number == 1 else f"worker{number}")


def _worker(plan: Plan, name: str) -> Child:
    options = ["--pool=threads", f"--concurrency={_WORKER_THREADS}", "--loglevel=INFO"]
    # Without mingle and gossip: the workers have nothing to tell each other, and mingling costs a second.
    command = _celery("worker", f"--hostname={name}@%h", *options, "--without-mingle", "--without-gossip")
    # Killed when the supervisor is gone: a warm stop would wait for deliveries, whose leases lose nothing.
    return Child(
        name,
        command,
        cwd=ROOT,
        environ=plan.environ,
        ready_line=b" ready.",
        on_parent_death=signal.SIGKILL,
    )


def _beat(plan: Plan) -> Child:
    schedule = plan.config.data_dir / "beat-schedule"
    command = _celery("beat", "--schedule", str(schedule), "--pidfile=", "--loglevel=INFO")
    return Child("beat", command, cwd=ROOT, environ=plan.environ, ready_line=b"beat: Starting...")


def _celery(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "webmail", *arguments]


def _web(plan: Plan) -> Child:
    config = plan.config
    options = ["--host", config.bind, "--port", str(config.http_port), "--lifespan", "off", "--no-access-log"]
    # An open event stream would hold the stop for ever.
    options += ["--no-server-header", "--timeout-graceful-shutdown", "2"]
    # Only a proxy that speaks TLS for us may say who the client is.
    options += [] if config.https else ["--no-proxy-headers"]
    host_header = next((name for name in config.allowed_hosts if name != "*"), "localhost").lstrip(".")
    return Child(
        "web",
        [sys.executable, "-m", "uvicorn", "webmail.asgi:application", *options],
        cwd=ROOT,
        environ=plan.environ,
        ready=probes.http(plan.reach, config.http_port, "/healthz", host_header),
        listens={"web": f"http://{plan.at(config.http_port)}"},
    )
