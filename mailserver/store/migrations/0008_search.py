"""The search index, and the trigger that notes each new message for it."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# With statistics the planner would prefer reading the whole table for a word it takes for a frequent one.
# VACUUM reads the whole GIN index: rarely is best, but rows that changed must not pile up.
# ON CONFLICT: a note left over from somewhere must never refuse a message.
FORWARD = """
ALTER TABLE searchdocument ALTER COLUMN tsv SET STATISTICS 0;
ALTER TABLE searchdocument SET (autovacuum_vacuum_scale_factor = .02, autovacuum_vacuum_insert_scale_factor = .05);
CREATE FUNCTION message_searchpending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO searchpending (message_id, account_id) SELECT id, account_id FROM added ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER message_searchpending AFTER INSERT ON message REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION message_searchpending();
INSERT INTO searchpending (message_id, account_id) SELECT id, account_id FROM message;
"""
BACKWARD = """
DROP TRIGGER message_searchpending ON message;
DROP FUNCTION message_searchpending();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0007_spam'),
    ]

    operations = [
        migrations.CreateModel(
            name='SearchPending',
            fields=[
                ('message_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('account_id', models.BigIntegerField()),
            ],
            options={
                'db_table': 'searchpending',
                'indexes': [models.Index(models.F('account_id'), models.F('message_id'), name='searchpending_account')],
            },
        ),
        migrations.CreateModel(
            name='SearchDocument',
            fields=[
                ('message', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='search_document', serialize=False, to='store.message')),
                ('at', models.DateTimeField(help_text="The message's internal date.")),
                ('version', models.SmallIntegerField(help_text='VERSION of mail/lexemes.py that made it.')),
                ('tsv', django.contrib.postgres.search.SearchVectorField()),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'searchdocument',
                'indexes': [models.Index(models.F('account'), models.OrderBy(models.F('at'), descending=True), models.OrderBy(models.F('message'), descending=True), name='searchdocument_at'), models.Index(models.F('version'), name='searchdocument_version'), django.contrib.postgres.indexes.GinIndex(models.F('tsv'), fastupdate=True, gin_pending_list_limit=65536, name='searchdocument_tsv')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
