"""Four indexes of a conversation line in place of six: a star writes all of them anew.

Nothing looks for lines by their labels. The key begins with the thread, so it finds the lines of a conversation too;
those of a folder are found by their date.
"""

import django.db.models.deletion
from django.db import migrations, models

KEY = """
ALTER TABLE threadbox DROP CONSTRAINT threadbox_pkey,
    ADD CONSTRAINT threadbox_pkey PRIMARY KEY ({columns})
"""


class Migration(migrations.Migration):
    dependencies = [("store", "0024_wide_messages")]

    operations = [
        migrations.RemoveIndex(model_name="threadbox", name="threadbox_labels"),
        migrations.RunSQL(
            KEY.format(columns="thread_id, mailbox_id"), KEY.format(columns="mailbox_id, thread_id")
        ),
        migrations.AlterField(
            model_name="threadbox",
            name="thread",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="lines",
                to="store.thread",
            ),
        ),
    ]
