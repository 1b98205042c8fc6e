"""What a message has for POP3 clients without UTF8 (mail/surrogate.py); older messages are read again for it."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Mail is filed while the table is read for the index.
    atomic = False

    dependencies = [
        ('store', '0026_lean_deliveries'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='surrogate_size',
            field=models.IntegerField(help_text='For readers that know no UTF-8 in headers (mail/surrogate.py); NULL: it is one for them.', null=True),
        ),
        RemoveIndexConcurrently(
            model_name='message',
            name='message_outdated',
        ),
        AddIndexConcurrently(
            model_name='message',
            index=models.Index(models.F('id'), condition=models.Q(('parser_version__lt', 3)), name='message_outdated'),
        ),
    ]
