"""Sizes beside the headers: FETCH 1:* RFC822.SIZE then reads no rows of messages."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0022_hidden_capabilities'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='message',
            name='message_header',
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(models.F('account'), models.F('id'), include=('header', 'size'), name='message_header'),
        ),
    ]
