import base64

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key
from django.conf import settings
from django.db import migrations, models


def encrypt(apps, schema_editor):
    """Keys were plain octets until now. They keep signing; those that were retired need theirs no more."""
    fernet = Fernet(settings.CORREIO.encryption_keys[0])
    active = set()
    for row in apps.get_model("store", "DkimKey").objects.order_by("-created_at", "-id"):
        octets = bytes(row.private_key)
        key = load_der_private_key(octets, None)
        public = key.public_key()
        row.kind = "ed25519" if isinstance(key, Ed25519PrivateKey) else "rsa"
        raw = (
            public.public_bytes(Encoding.Raw, PublicFormat.Raw)
            if row.kind == "ed25519"
            else public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        )
        row.record = f"v=DKIM1; k={row.kind}; p={base64.b64encode(raw).decode()}"
        if row.retired_at is None and (row.domain_id, row.kind) not in active:
            active.add((row.domain_id, row.kind))
            row.state, row.activated_at = "active", row.created_at
            row.secret = fernet.encrypt(base64.b64encode(octets)).decode()
        else:
            row.state, row.retired_at = "retired", row.retired_at or row.created_at
        row.save()


class Migration(migrations.Migration):
    dependencies = [("store", "0016_tls_policies")]

    operations = [
        migrations.AddField("dkimkey", "kind", models.CharField(choices=[("rsa", "RSA, 2,048 bits"), ("ed25519", "Ed25519")], max_length=8, default="rsa"), preserve_default=False),
        migrations.AddField("dkimkey", "state", models.CharField(choices=[("next", "To be published"), ("active", "Signs"), ("retired", "Has signed")], default="next", max_length=8)),
        migrations.AddField("dkimkey", "record", models.TextField(default=""), preserve_default=False),
        migrations.AddField("dkimkey", "secret", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AddField("dkimkey", "asked_at", models.DateTimeField(null=True)),
        migrations.AddField("dkimkey", "seen_at", models.DateTimeField(null=True)),
        migrations.AddField("dkimkey", "activated_at", models.DateTimeField(null=True)),
        migrations.RunPython(encrypt, migrations.RunPython.noop),
        migrations.RemoveField("dkimkey", "private_key"),
        migrations.AddConstraint(
            "dkimkey",
            models.UniqueConstraint(
                models.F("domain"),
                models.F("kind"),
                models.F("state"),
                condition=models.Q(("state", "retired"), _negated=True),
                name="dkim_key_one",
            ),
        ),
    ]
