"""Seeding as an operator meets it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from mailserver.services.demo.seed import seed
from mailserver.store.models import Account


def test_it_leaves_a_server_with_people_alone(db):
    Account.objects.create(address="somebody@example.org", quota=0)
    assert seed(password="x").accounts == ()
    assert Account.objects.count() == 1


@pytest.mark.slow
def test_its_command_needs_a_password_and_says_one_line(db, capsys, settings):
    settings.CORREIO = replace(settings.CORREIO, demo_password=None)
    with pytest.raises(CommandError):
        call_command("seed_demo")
    settings.CORREIO = replace(settings.CORREIO, demo_password="crêpe")
    call_command("seed_demo")
    call_command("seed_demo")
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("made alice@crepes.fr, bob@hamburger.edu, admin@crepes.fr")
    assert second == "there are accounts already, nothing to do"
