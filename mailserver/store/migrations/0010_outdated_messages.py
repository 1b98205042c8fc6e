"""An index of the messages that an older parser read, so that they can be read again (services/reparse.py)."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Mail is filed while the table is read for it.
    atomic = False

    dependencies = [
        ('store', '0009_imap'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='message',
            index=models.Index(models.F('id'), condition=models.Q(('parser_version__lt', 2)), name='message_outdated'),
        ),
    ]
