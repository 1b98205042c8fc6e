"""Our own rules for docker-compose.yml; `ops/verify_compose.sh` runs it for real where a Docker engine can run."""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
SECRETS = ("CORREIO_SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD")


def test_it_has_the_processes_of_the_system():
    assert set(SERVICES) == {"web", "smtp", "imap", "pop3", "worker", "beat", "migrate", "postgres", "redis"}


def test_it_has_no_top_level_key_that_old_compose_rejects():
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"services", "volumes"}


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "migrate"])
def test_it_checks_the_health_of_each_service(name):
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("secret", SECRETS)
def test_it_gives_no_secret_a_default(secret):
    uses = re.findall(rf"\$\{{{secret}[^}}]*\}}", TEXT)
    assert uses
    assert all(use.startswith(f"${{{secret}:?") for use in uses)
    assert re.search(rf"^{secret}=$", (ROOT / ".env.example").read_text(), re.M)


def test_it_publishes_only_the_page_on_loopback_and_the_mail_ports():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"web", "smtp", "imap", "pop3"}
    assert all(port.startswith("127.0.0.1:") for port in published["web"])


def test_it_knows_the_reader_behind_the_proxy():
    """The command's networks hold Docker's gateways, and not the whole internet."""
    command = SERVICES["web"]["command"]
    networks = re.search(r"--forwarded-allow-ips \$\{TRUSTED_PROXIES:-([^}]*)\}", command)[1]
    trusted = [ipaddress.ip_network(text) for text in networks.split(",")]
    assert any(ipaddress.ip_address("172.18.0.1") in network for network in trusted)
    assert not any(network.is_global for network in trusted)


def test_it_pins_images_and_names_volumes():
    assert all(":" in service["image"] for service in SERVICES.values())
    mounts = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    assert {mount.split(":")[0] for mount in mounts} == set(COMPOSE["volumes"])


def test_it_runs_as_an_ordinary_user():
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "USER correio" in dockerfile
    assert "# syntax=" not in dockerfile


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not installed")
def test_it_is_valid_for_compose_and_refuses_to_start_without_secrets(tmp_path):
    (tmp_path / "env").write_text("")  # a .env of the checkout must not count
    command = ["docker-compose", "-f", str(ROOT / "docker-compose.yml"), "--env-file", str(tmp_path / "env")]
    command += ["config", "-q"]
    names = ("CORREIO_HOSTNAME", "CORREIO_ALLOWED_HOSTS", *SECRETS)
    bare = {key: value for key, value in os.environ.items() if key not in names}
    refused = subprocess.run(command, env=bare, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    filled = subprocess.run(command, env=bare | dict.fromkeys(names, "x"), capture_output=True, text=True, check=False)
    assert filled.returncode == 0, filled.stderr
