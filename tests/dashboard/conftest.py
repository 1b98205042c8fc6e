from __future__ import annotations

import pytest
from django.test import Client

from mailserver.services.accounts import create_account
from mailserver.store.models import Account
from tests.support.people import PASSWORD


@pytest.fixture
def administrator(domains) -> Account:
    return create_account(address="post@crepes.fr", name="Post office", password=PASSWORD, admin=True)


@pytest.fixture
def office(administrator) -> Client:
    """The browser of somebody who may administer."""
    browser = Client()
    browser.force_login(administrator)
    return browser
