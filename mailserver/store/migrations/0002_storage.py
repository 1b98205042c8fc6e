"""Storage parameters Django has no words for; the measurements behind them are in docs/performance.md."""

from django.db import migrations

FORWARD = """
ALTER TABLE blob ALTER COLUMN raw SET STORAGE EXTERNAL;
ALTER TABLE mailboxmessage SET (fillfactor = 50, autovacuum_vacuum_scale_factor = .05);
ALTER TABLE threadbox SET (fillfactor = 80, autovacuum_vacuum_scale_factor = .05);
ALTER TABLE mailbox SET (fillfactor = 50, autovacuum_vacuum_scale_factor = .01);
ALTER TABLE message SET (autovacuum_vacuum_insert_scale_factor = .02);
ALTER TABLE queuerecipient SET (fillfactor = 70, autovacuum_vacuum_scale_factor = .05);
"""
BACKWARD = """
ALTER TABLE blob ALTER COLUMN raw SET STORAGE EXTENDED;
ALTER TABLE mailboxmessage RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE threadbox RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE mailbox RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE message RESET (autovacuum_vacuum_insert_scale_factor);
ALTER TABLE queuerecipient RESET (fillfactor, autovacuum_vacuum_scale_factor);
"""


class Migration(migrations.Migration):
    dependencies = [("store", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
