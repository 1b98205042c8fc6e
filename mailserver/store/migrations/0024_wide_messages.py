"""A message's row is some 3 KB. By default PostgreSQL compresses what is above 2 KB, and moves some of it to another
table when that does not do: two thirds of writing the row, for a quarter of its room (docs/performance.md).
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("store", "0023_header_and_size")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE message SET (toast_tuple_target = 4080)", "ALTER TABLE message RESET (toast_tuple_target)"
        )
    ]
