"""Keys of before the rotation are encrypted and go on signing."""

from __future__ import annotations

import base64
import importlib
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from mailserver.mail.senderauth import dkimsign
from mailserver.services import secrets
from mailserver.store.models import DkimKey

MIGRATION = importlib.import_module("mailserver.store.migrations.0017_dkim_rotation")


@pytest.mark.django_db
def test_old_keys_are_encrypted_and_the_newest_of_a_kind_signs(domains):
    octets = {name: dkimsign.make_key(kind) for name, kind in (("old", "rsa"), ("new", "rsa"), ("short", "ed25519"))}
    now = timezone.now()
    rows = {
        name: DkimKey(domain=domains["crepes.fr"], selector=name, kind="rsa", state="retired", record="", secret="")
        for name in octets
    }
    for age, (name, row) in enumerate(rows.items()):
        row.save()
        row.created_at, row.private_key = now + timedelta(hours=age), octets[name]
    rows["old"].retired_at = now
    manager = SimpleNamespace(order_by=lambda *_: sorted(rows.values(), key=lambda row: row.created_at, reverse=True))
    MIGRATION.encrypt(SimpleNamespace(get_model=lambda *_: SimpleNamespace(objects=manager)), None)
    kept = {key.selector: key for key in DkimKey.objects.all()}
    assert {name: (key.kind, key.state) for name, key in kept.items()} == {
        "old": ("rsa", "retired"),
        "new": ("rsa", "active"),
        "short": ("ed25519", "active"),
    }
    assert kept["old"].secret == ""
    for name in ("new", "short"):
        assert base64.b64decode(secrets.decrypt(kept[name].secret)) == octets[name]
        assert kept[name].record == dkimsign.record(dkimsign.read_key(octets[name]))
        assert kept[name].activated_at == kept[name].created_at
