from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from mailserver.store.models.account import Account
from mailserver.store.models.message import Message


class SearchDocument(models.Model):
    """The words of one message (mail/lexemes.py), beside it and not in it: lists and copies never carry them."""

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="search_document")
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField(help_text="The message's internal date.")
    version = models.SmallIntegerField(help_text="VERSION of mail/lexemes.py that made it.")
    tsv = SearchVectorField()

    class Meta:
        db_table = "searchdocument"
        indexes = [
            models.Index("account", models.F("at").desc(), models.F("message").desc(), name="searchdocument_at"),
            models.Index("version", name="searchdocument_version"),
            # New documents wait in a list of at most 64 MB, which the indexer empties (services/searchindex.py).
            GinIndex("tsv", name="searchdocument_tsv", fastupdate=True, gin_pending_list_limit=65536),
        ]

    def __str__(self) -> str:
        return str(self.message_id)


class SearchPending(models.Model):
    """A message whose document is to be made. A trigger on `message` writes the row, whoever stores the message."""

    message_id = models.BigIntegerField(primary_key=True)
    account_id = models.BigIntegerField()

    class Meta:
        db_table = "searchpending"
        indexes = [models.Index("account_id", "message_id", name="searchpending_account")]

    def __str__(self) -> str:
        return str(self.message_id)
