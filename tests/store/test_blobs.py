"""Octets of any size come back as they were, whole or in slices, and large ones in pieces."""

from __future__ import annotations

import os
from hashlib import sha256

import pytest
from django.utils import timezone

from mailserver.errors import NotFound
from mailserver.store import blobs
from mailserver.store.blobs import PIECE
from mailserver.store.models import Blob

pytestmark = pytest.mark.django_db

SIZES = [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 5]


def test_it_keeps_messages_of_all_sizes_side_by_side():
    raws = [os.urandom(size) for size in SIZES]
    before = timezone.now()
    kept = blobs.put(raws)
    assert [blobs.read(blob.pk) for blob in kept] == raws
    assert len({blob.pk for blob in kept}) == len(raws)
    rows = Blob.objects.in_bulk([blob.pk for blob in kept])
    for row, raw in zip((rows[blob.pk] for blob in kept), raws, strict=True):
        assert (row.size, bytes(row.digest)) == (len(raw), sha256(raw).digest())
        assert before <= row.created_at <= timezone.now()
    assert not any(blob._state.adding for blob in kept)


@pytest.mark.parametrize("start", [0, 1, PIECE - 1, PIECE, 2 * PIECE + 7])
@pytest.mark.parametrize("length", [0, 1, PIECE, PIECE + 1, 2 * PIECE, 99 * PIECE, None])
def test_it_reads_slices(start, length):
    raw = os.urandom(2 * PIECE + 100)
    (blob,) = blobs.put([raw])
    assert blobs.read_slice(blob.pk, start, length) == raw[start : None if length is None else start + length]


def test_it_says_when_they_are_gone():
    for length in (0, 10, None):
        with pytest.raises(NotFound):
            blobs.read_slice(12345, 0, length)


def test_small_ones_are_read_together():
    small, large = blobs.put([b"one", b"x" * 100])
    assert blobs.read_small([small.pk, large.pk, 12345], 99) == {small.pk: b"one"}
