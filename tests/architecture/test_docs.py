"""The documentation tells the truth of today: every setting, command, route and event is in it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from mailserver.conf import Config
from mailserver.store.models import QueueRecipient

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


def sources() -> str:
    files = [*(ROOT / "mailserver").rglob("*.py"), *(ROOT / "webmail").rglob("*.py")]
    return "\n".join(path.read_text() for path in files)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Config)])
def test_it_documents_each_setting(field):
    assert f"`CORREIO_{field.upper()}`" in SETTINGS


def test_it_documents_no_setting_that_nothing_reads():
    known = {f"CORREIO_{field.name.upper()}" for field in dataclasses.fields(Config)}
    read = known | set(re.findall(r"CORREIO_[A-Z0-9_]+[A-Z0-9]", sources()))
    assert set(re.findall(r"`(CORREIO_[A-Z0-9_]+)`", SETTINGS)) <= read


@pytest.mark.parametrize(
    "command", sorted(path.stem for path in (ROOT / "mailserver/management/commands").glob("[a-z]*.py"))
)
def test_it_documents_each_command(command):
    assert f"`manage.py {command}" in OPERATIONS


def routes(resolver: URLResolver, prefix: str = "") -> list[str]:
    found = []
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            found.append(path)
        elif not path.startswith("admin/"):
            found += routes(pattern, path)
    return found


def test_it_documents_each_route():
    missing = [path for path in routes(get_resolver()) if f"`/{path}`" not in ARCHITECTURE]
    assert missing == []


@pytest.mark.parametrize("state", QueueRecipient.State.values)
def test_it_documents_each_state_of_the_queue(state):
    assert f"`{state}`" in OPERATIONS


def test_it_names_existing_files_in_the_ledger():
    ledger = (ROOT / "docs" / "protocols.md").read_text()
    named = re.findall(r"`((?:mailserver|webmail)/[\w/.]+)`", ledger)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
