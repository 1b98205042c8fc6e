"""Indexes that each message that comes in paid for and nobody used.

`thread.account`: no statement asks by it; an account is closed, not deleted, and its entries and lines never had such an
index. `event.entry`: events of mail that comes in have none, and what asks for an entry finds it in the index without
them. `event.account`: asked by only for what was returned lately, which has an index of its own. `queueentry.account`
begins two others; for `reference` nobody asks by LIKE.
"""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def _key(to, related_name="+", **options):
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name=related_name, to=to, **options
    )


def _without_index(model, field, index, key):
    """By hand: Django would drop the foreign key too and look at all rows again."""
    return migrations.SeparateDatabaseAndState(
        [
            migrations.RunSQL(
                f"DROP INDEX CONCURRENTLY IF EXISTS {index}",
                f"CREATE INDEX CONCURRENTLY {index} ON {model} ({field}_id)",
            )
        ],
        [migrations.AlterField(model, field, key)],
    )


class Migration(migrations.Migration):
    # Mail is filed while the table of events is read.
    atomic = False

    dependencies = [("store", "0025_indexes_of_lines")]

    operations = [
        AddIndexConcurrently(
            "event", models.Index("entry", name="event_entry", condition=models.Q(entry__isnull=False))
        ),
        AddIndexConcurrently(
            "event", models.Index("account", "at", name="event_bounced", condition=models.Q(kind="bounced"))
        ),
        _without_index("event", "entry", "event_entry_id_28829b7b", _key("store.queueentry", "events", null=True)),
        _without_index(
            "event", "account", "event_account_id_f9e13b1d", _key(settings.AUTH_USER_MODEL, "events", null=True)
        ),
        _without_index("thread", "account", "thread_account_id_c43c87c9", _key(settings.AUTH_USER_MODEL, "threads")),
        _without_index(
            "queueentry",
            "account",
            "queueentry_account_id_87963496",
            _key(settings.AUTH_USER_MODEL, "queue_entries", null=True, blank=True),
        ),
        migrations.AddConstraint("queueentry", models.UniqueConstraint("reference", name="queueentry_reference")),
        migrations.AlterField(
            "queueentry", "reference", models.CharField(max_length=16, help_text="The id told in the 250 reply.")
        ),
    ]
