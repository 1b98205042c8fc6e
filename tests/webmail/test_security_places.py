"""Scripts of strangers outside messages: what other servers said, drafts, folders, forms, the dashboard."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from mailserver.errors import CorreioError
from mailserver.services import events, mailboxes
from mailserver.services.accounts import create_account
from mailserver.services.inbound import Incoming, deliver
from mailserver.services.recipients import Local
from mailserver.store.models import Account, Address, DeliveryAttempt, Domain, Event, Label, MailboxMessage
from tests.support import corpora
from tests.support.mail import message
from tests.support.people import PASSWORD
from tests.support.queueing import queued
from tests.webmail.markup import dangers, shape
from tests.webmail.reading import signed_in
from tests.webmail.test_security_markup import payloads
from tests.webmail.writing import fields

Take = Callable[[], str]
STATES = ["queued", "deferred", "held", "delivered", "bounced", "expired", "cancelled"]


@pytest.fixture
def boss(domains) -> Account:
    return create_account(address="post@crepes.fr", name="Post", password=PASSWORD, admin=True)


def remote_words(alice: Account, take: Take) -> list[str]:
    """Mail that waits, came back or arrived, with strangers' words in every reply; the pages that show it."""
    entry = queued(alice, *(f"p{number}@hamburger.edu" for number in range(14)), sent_copy=True, subject=take())
    now = timezone.now()
    for number, row in enumerate(entry.recipients.order_by("id")):
        row.state, row.reply_code, row.reply_enhanced = STATES[number % 7], 550 if number % 2 else 451, "5.1.1"
        row.reply_text, row.remote_host, row.tls, row.attempts = take(), take()[:255], take()[:80], 1
        row.finished_at = now if row.state in ("delivered", "bounced", "expired", "cancelled") else None
        row.save()
        told = {"code": 550, "enhanced": "5.1.1", "text": take()}
        events.record(Event.Kind.BOUNCED, entry_id=entry.pk, recipient=row.address, **told)
    sides = itertools.cycle(["server", "client", "note"])
    words = itertools.cycle(["550 ", "MAIL FROM:<", "", "250-", "RCPT TO:<", "EHLO ", "354 ", "421 4.7.0 "])
    talk = [[number / 10, next(sides), next(words) + take()] for number in range(150)]
    attempt = DeliveryAttempt.objects.create(
        entry=entry,
        domain="hamburger.edu",
        number=1,
        started_at=now,
        finished_at=now,
        remote_host=take()[:255],
        remote_address=take()[:64],
        remote_port=25,
        source="mx",
        preference=10,
        tls=take()[:80],
        transcript=talk,
    )
    for row in entry.recipients.all():
        attempt.results.create(
            recipient=row, outcome="bounced", reply_code=550, reply_enhanced="5.1.1", reply_text=take()
        )
    incoming = Incoming(
        raw=message(subject=take(), extra=f"Received: from {take()} by {take()}; Mon, 23 Nov 2026 10:00:00 +0000\r\n"),
        sender=take()[:200],
        recipients=(Local(alice.pk, alice.address),),
        peer=take()[:60],
        helo=take()[:200],
        tls=take()[:60],
    )
    arrived = deliver(incoming).deliveries[0].message_id
    path = f"/message/{entry.sent_copy_id}/path/"
    ways = [f"{path}?to={row.pk}" for row in entry.recipients.all()]
    again = [f"/message/{entry.sent_copy_id}/again/?to={row.pk}" for row in entry.recipients.all()[:2]]
    office = ["/admin/", *(f"/admin/queue/?show={show}" for show in ("waiting", "held", "returned", "done"))]
    return [*ways, *again, f"/message/{arrived}/path/", *office, f"/admin/queue/{entry.pk}/"]


def own_words(alice: Account, take: Take) -> list[str]:
    """Names and drafts; what an account gives itself is shown to administrators too."""
    Account.objects.filter(pk=alice.pk).update(name=take()[:200])
    for _ in range(20):
        label = Label.objects.create(account_id=alice.pk, keyword=f"k{Label.objects.count()}", name=take()[:200])
        MailboxMessage.objects.filter(account_id=alice.pk).update(keywords=[label.pk])
    domain = Domain.objects.create(name=f"x{Domain.objects.count()}.example", unicode_name=take()[:200], hosted=True)
    for _ in range(20):
        Address.objects.create(domain=domain, local_part=take()[:60] + str(Address.objects.count()), account=alice)
    for _ in range(40):
        try:
            mailboxes.create(account_id=alice.pk, path=take()[:200].replace("/", "|"))
        except CorreioError:
            continue
    table = "/admin/store"
    office = [f"{table}/account/", f"{table}/address/", f"{table}/domain/", f"{table}/account/{alice.pk}/change/"]
    office += [f"{table}/domain/{domain.pk}/change/", f"{table}/account/{alice.pk}/history/"]
    for number in domain.addresses.values_list("pk", flat=True)[:3]:
        office += [f"{table}/address/{number}/change/", f"{table}/address/{number}/delete/"]
    boxes = [f"/mail/{box.pk}/" for box in mailboxes.list_for(alice.pk)[-12:]]
    return ["/", "/folders/", "/account/", "/compose/", "/changed/", *boxes, *office]


def answered(browser: Client, take: Take) -> dict[str, str]:
    """Forms and addresses that say back what they were given."""
    found = {}
    for number in range(6):
        writing = fields(
            to=f"{take()}, {take()} <bob@hamburger.edu>", cc=take(), subject=take(), text=take() + "\n" + take()
        )
        file = SimpleUploadedFile(take()[:90] or "x", b"x", content_type="text/plain")
        for kind, given in (("plain", {"html": "", "rich": ""}), ("rich", {"html": take(), "rich": "1"})):
            file.seek(0)
            saved = browser.post("/compose/save/", {**writing, **given, "uploads": file}, follow=True)
            found[f"draft {kind} {number}"] = saved.content.decode()
            wrong = browser.post("/compose/send/", {**writing, **given, "bcc": "a\r\nb"})
            found[f"refused {kind} {number}"] = wrong.content.decode()
        asked = urlencode({"to": take(), "cc": take(), "subject": take(), "body": take()})
        found[f"mailto {number}"] = browser.get(f"/compose/?{asked}").content.decode()
        for name, url in (
            ("search", f"/search/?{urlencode({'q': take()})}"),
            ("people", f"/compose/people/?{urlencode({'q': 'bob', 'list': take()})}"),
            ("nowhere", f"/{quote(take())}/"),
            ("office search", f"/admin/queue/?{urlencode({'q': take(), 'show': 'done'})}"),
            ("office list", f"/admin/store/account/?{urlencode({'q': take()})}"),
        ):
            found[f"{name} {number}"] = browser.get(url).content.decode()
        for name, body in (
            ("/folders/new/", {"path": f"{take()}%"}),
            ("/account/", {"name": f"{take()}\r\nx", "time_zone": take(), "theme": take(), "density": take()}),
            ("/admin/store/account/add/", {"address": take(), "name": take(), "password": "x"}),
            ("/admin/store/domain/add/", {"name": take(), "transport": take()}),
            ("/act/", {"do": "erase", "line": "1-1", "next": f"/{take()}"}),
        ):
            found[f"{name} {number}"] = browser.post(name, body).content.decode()
        given = {"address": take(), "password": "x", "next": f"/{take()}"}
        found[f"signin {number}"] = Client().post("/signin/", given).content.decode()
        found[f"next {number}"] = Client().get("/signin/", {"next": f"/{take()}"}).content.decode()
    found["drafts"] = browser.get(f"/mail/{mailboxes.by_use(account_of(browser), 'drafts').pk}/").content.decode()
    return found


def account_of(browser: Client) -> int:
    return int(browser.session["_auth_user_id"])


def visited(alice: Account, boss: Account, take: Take) -> dict[str, str]:
    found, browsers = {}, {True: signed_in(boss), False: signed_in(alice)}
    for url in [*remote_words(alice, take), *own_words(alice, take)]:
        answer = browsers[url.startswith("/admin/")].get(url)
        assert answer.status_code == 200, url
        found[url] = answer.content.decode()
    return {**found, **answered(browsers[True], take)}


@pytest.mark.slow
@pytest.mark.timeout(300)
@corpora.needed
def test_it_shows_every_payload_as_text_wherever_it_comes_from(alice, boss, settings):
    settings.CORREIO = replace(settings.CORREIO, login_limits=None)
    words = itertools.cycle(["hamburger.edu", "Bob Burger", "said so https://ok.example/"])
    honest = shape(*visited(alice, boss, lambda: next(words)).values())
    every = payloads()
    # one in six: they stand in families, and each place gets a few of every one
    left = itertools.cycle(line.replace("\x00", "").replace("\r", "") for line in every[::6])
    found = visited(alice, boss, lambda: next(left))
    bad = {name: problems for name, page in found.items() if (problems := dangers(page, honest))}
    assert not bad
    assert len(found) > 120
