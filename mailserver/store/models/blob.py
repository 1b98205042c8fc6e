from __future__ import annotations

from django.db import models


class Blob(models.Model):
    """The octets of one message exactly as received, once however many recipients it has.

    Out of line and uncompressed (migration 0002 sets STORAGE EXTERNAL): a partial FETCH of a 25 MB message then
    reads only its slice, and pglz costs 3-5 times the insert rate at 100 KB.
    """

    raw = models.BinaryField()
    size = models.IntegerField()
    digest = models.BinaryField(max_length=32, help_text="SHA-256; tells a message sent twice from a second one.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "blob"

    def __str__(self) -> str:
        return f"blob {self.pk}"
