"""The whole site: every address of the URL table, with something of Alice's for each id an address may hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from mailserver.services import mailboxes, messages, undo
from mailserver.store.models import Account, QueueEntry, Suppression
from mailserver.store.models.mailbox import Flag
from tests.services.importing import added
from tests.support.mail import delivered, message
from tests.support.queueing import queued
from tests.webmail.reading import PNG, box, html_message, thread
from tests.webmail.writing import fields
from webmail.rendering import frames

# What every address is for. A new view must be put into one of these before the tests of the whole site pass.
# Open to everybody: the door, the health check, pictures, whose addresses are signed, what programs and servers ask.
PROGRAMS = frozenset({"autoconfig", "autoconfig_well_known", "autodiscover", "autodiscover_capitals"})
OPEN = frozenset({"healthz", "signin", "signout", "welcome", "picture", "remote_picture", "mta_sts"}) | PROGRAMS
LOOKING = frozenset(
    {"inbox", "mailbox", "conversation", "starred", "live", "changed", "search", "folders", "card", "path", "people"}
    | {"message_frame", "message_source", "message_download", "all_attachments", "attachment"}
    | {"compose", "draft", "reply", "reply_all", "forward", "again", "picture", "remote_picture", "external_report"}
    | {"scheduled", "programs", "apple_profile", "autoconfig", "autoconfig_well_known", "mta_sts"}
)
DOING = frozenset(
    {"signout", "act", "undo", "star", "path_act", "receipt", "compose_save", "compose_send", "compose_discard"}
    | {"external_act", "external_password", "scheduled_act"}
)
FORMS = frozenset({"signin", "welcome", "account", "password", "new_folder", "external", "failing", "unsend"})
HEALTH = frozenset({"healthz"})
# Questions that come by POST from programs, without a form of ours, and change nothing.
QUESTIONS = frozenset({"autodiscover", "autodiscover_capitals"})


@dataclass(frozen=True)
class Things:
    """What Alice has. `ids` has a value for every name in an address."""

    ids: Mapping[str, Any]
    folder_id: int
    draft_id: int
    entry: QueueEntry
    failing_id: int

    @property
    def line(self) -> str:
        return f"{self.ids['mailbox_id']}-{self.ids['thread_id']}"


def patterns(resolver: URLResolver | None = None, space: str = "") -> Iterator[tuple[str, URLPattern]]:
    """(name with its namespace, pattern) of every view; `""` for what has no name."""
    for found in (resolver or get_resolver()).url_patterns:
        if isinstance(found, URLResolver):
            yield from patterns(found, f"{space}{found.namespace}:" if found.namespace else space)
        else:
            yield f"{space}{found.name}" if found.name else "", found


def names() -> set[str]:
    """The site's own views; the dashboard's have `admin:` in front and are asked for by `dashboard`."""
    return {name for name, _ in patterns() if ":" not in name and name}


def with_ids() -> set[str]:
    """Views of one thing of somebody's."""
    return {name for name in names() - OPEN if pattern(name).pattern.converters}


def dashboard() -> set[str]:
    return {name for name, _ in patterns() if name.startswith("admin:")}


def pattern(name: str) -> URLPattern:
    return next(found for known, found in patterns() if known == name)


def url(name: str, things: Things) -> str:
    """The address of a view, for Alice's things."""
    found = pattern(name).pattern
    wanted = {*found.converters, *found.regex.groupindex}
    given = {**things.ids, "token": things.ids["remote" if name == "remote_picture" else "token"]}
    return reverse(name, kwargs={key: given[key] for key in wanted})


def of_alice(alice: Account) -> Things:
    """One of everything."""
    place = delivered(alice, with_everything())
    folder = mailboxes.create(account_id=alice.pk, path="House")
    raw = message(sender="Alice <alice@crepes.fr>", subject="Not sent")
    draft = messages.append(account_id=alice.pk, mailbox_id=box(alice, "drafts").pk, raw=raw, flags=Flag.DRAFT)
    flags = [(place.mailbox_id, [place.uid], int(Flag.FLAGGED), 0)]
    step = undo.record(account_id=alice.pk, title="Starred", flags=flags)
    external = added(alice, 993)
    entry = queued(alice, "bob@hamburger.edu", sent_copy=True)
    ids = {
        "mailbox_id": place.mailbox_id,
        "thread_id": thread(place),
        "message_id": place.message_id,
        "step_id": step.pk,
        "section": "2",
        "token": frames.picture_url(place.message_id, "2").rstrip("/").rpartition("/")[2],
        "remote": frames.remote_url("http://127.0.0.1/a.png").rstrip("/").rpartition("/")[2],
        "entry_id": entry.pk,
        "reference": entry.reference,
        "external_id": external.pk,
        "object_id": alice.pk,
        "domain_id": alice.addresses.get().domain_id,
        "alarm_id": 1,
        "content_type_id": 1,
        "app_label": "store",
        "url": "nowhere",
    }
    now = timezone.now()
    failing = Suppression.objects.create(account=alice, address="eve@x.example", failures=2, last_at=now, since=now)
    return Things(ids, folder.pk, draft.message_id, entry, failing.pk)


def with_everything() -> bytes:
    """HTML, a picture attached, a wish for a receipt."""
    html = html_message("<p>Look <img src='cid:p@x'></p>", extra="Disposition-Notification-To: bob@hamburger.edu\r\n")
    header, _, body = html.partition(b"\r\n\r\n")
    top, _, kind = header.partition(b"Content-Type: ")
    return b"".join(
        (
            top + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n",
            b"--b\r\nContent-Type: " + kind + b"\r\n\r\n" + body + b"\r\n",
            b"--b\r\nContent-Type: image/png; name=a.png\r\nContent-Disposition: attachment\r\n",
            b"Content-Transfer-Encoding: 8bit\r\nContent-ID: <p@x>\r\n\r\n" + PNG + b"\r\n--b--\r\n",
        )
    )


def forms(things: Things) -> list[tuple[str, dict[str, Any]]]:
    """(name of a view, what its form posts) for everything that a form of the site can do to Alice's things."""
    line, kept = things.line, f"{things.ids['message_id']}:{things.ids['section']}"
    moves = ("archive", "delete", "spam", "notspam", "restore", f"move {things.folder_id}")
    acts = ("read", "unread", "star", "unstar", *moves, "erase")
    of_draft = fields(draft=str(things.draft_id), kept=kept, source=f"reply {things.ids['message_id']}", quoted="1")
    elsewhere = {"host": "127.0.0.1", "port": "993", "security": "tls", "username": "mallory", "password": "x"}
    return [
        *(("act", {"do": act, "line": line, "sure": "1"}) for act in acts),
        *(("act", {"one": f"{act} {line}", "sure": "1"}) for act in acts),
        ("undo", {}),
        ("star", {"on": "1"}),
        ("receipt", {"act": "send"}),
        ("receipt", {"act": "refuse"}),
        ("path_act", {"act": "cancel", "to": str(things.entry.recipients.get().pk)}),
        ("compose_save", of_draft),
        ("compose_send", {**of_draft, "confirmed": "1"}),
        ("compose_discard", {"draft": str(things.draft_id)}),
        ("account", {"name": "Mallory", "theme": "dark", "density": "compact", "time_zone": "UTC", "pop3": "on"}),
        ("password", {"current": "buckwheat and cider", "new": "gone for good 1", "again": "gone for good 1"}),
        ("new_folder", {"path": "Mallory"}),
        ("external", {**elsewhere, "mode": "keep"}),
        *(("scheduled_act", {"act": act}) for act in ("now", "edit", "cancel")),
        ("unsend", {}),
        ("failing", {"remove": str(things.failing_id)}),
        *(("external_act", {"do": act}) for act in ("pause", "resume", "remove")),
        ("external_password", {"password": "gone for good 1"}),
        ("signout", {}),
    ]


def rows() -> dict[str, list[str]]:
    """Everything in the store, to see whether something has changed; only who signed in when is left out."""
    models = apps.get_app_config("store").get_models()
    return {
        model.__name__: sorted(str({**row, "last_login": None}) for row in model.objects.values()) for model in models
    }
