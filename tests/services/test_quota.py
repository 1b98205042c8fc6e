from __future__ import annotations

import pytest

from mailserver.errors import NotFound
from mailserver.services import quota
from mailserver.store.models import Account
from tests.support.mail import delivered


def test_it_counts_all_folders(alice, bob, django_assert_num_queries):
    Account.objects.filter(pk=alice.pk).update(quota=5000)
    delivered(alice)
    delivered(alice)
    with django_assert_num_queries(1):
        found = quota.of(alice.pk)
    assert found == quota.Quota(sum(message.size for message in alice.messages.all()), 5000, 2)
    assert quota.of(bob.pk).messages == quota.of(bob.pk).used_octets == 0


def test_it_knows_no_account_that_is_not_there(db):
    with pytest.raises(NotFound):
        quota.of(0)
