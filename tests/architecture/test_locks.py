"""The locks: public hosts only, hashes for everything, and requirements/ equal to what uv.lock says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.architecture.tree import ROOT

PUBLIC_HOSTS = {"pypi.org", "files.pythonhosted.org"}
EXPORTS = {"build": ("--only-group", "build"), "run": ("--no-default-groups",), "test": ("--group", "test")}


def test_it_locks_packages_of_the_public_index_only():
    addresses = re.findall(r'"(https?://[^"]+)"', (ROOT / "uv.lock").read_text())
    assert addresses
    assert {urlsplit(address).hostname for address in addresses} == PUBLIC_HOSTS
    assert {urlsplit(address).scheme for address in addresses} == {"https"}


@pytest.mark.parametrize("name", EXPORTS)
def test_it_pins_every_requirement_with_hashes_and_no_address(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    assert all(re.match(r"[a-z0-9.\-]+==\S+( ; .+)? \\\n +--hash=sha256:[0-9a-f]{64}", entry) for entry in entries)


def test_it_tests_with_the_very_versions_that_run():
    run, test = (
        set(re.findall(r"^[a-z0-9.\-]+==\S+", (ROOT / "requirements" / f"{name}.txt").read_text(), re.M))
        for name in ("run", "test")
    )
    assert run <= test


@pytest.mark.parametrize("name", EXPORTS)
def test_it_exports_the_requirements_from_the_lock(name):
    uv = Path(sys.executable).with_name("uv")
    flags = ["--no-config", "--frozen", "--offline", "--no-emit-project", "--no-header", "--quiet"]
    command = [str(uv), "export", *flags, *EXPORTS[name]]
    exported = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert exported == (ROOT / "requirements" / f"{name}.txt").read_text()
