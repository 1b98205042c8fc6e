"""The writer as its templates draw it: a new message, a draft, or what was posted and has something wrong with it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from mailserver.services import drafts
from mailserver.services.draft_content import Holding, describe
from mailserver.services.drafts import Loaded, Writing
from mailserver.store.models import Account
from webmail.access import row_id
from webmail.forms.compose import RECIPIENTS, ComposeForm
from webmail.forms.fields import typed
from webmail.rendering.replies import Quote, fold_from, quote_of
from webmail.sending import NotSent


@dataclass(frozen=True, slots=True)
class RecipientField:
    """To, Cc or Bcc; `folded` ones are empty and hidden until they are asked for."""

    name: str
    label: str
    value: str
    errors: Sequence[str]
    folded: bool
    autofocus: bool


@dataclass
class Writer:
    form: ComposeForm
    full: bool = False
    draft_id: int | None = None
    saved_at: datetime | None = None
    holdings: Sequence[Holding] = ()
    quote: Quote | None = None
    failure: NotSent | None = None
    questions: Sequence[str] = ()
    trouble: str = ""
    # Element ids start with it: several writers may be open in one page.
    token: str = field(default_factory=lambda: f"w{secrets.token_hex(4)}")

    @property
    def title(self) -> str:
        return str(self.form["subject"].value() or "").strip() or "New message"

    @property
    def state(self) -> str:
        return saved_words(self.saved_at) if self.saved_at else ""

    @property
    def recipient_fields(self) -> list[RecipientField]:
        return [self._recipients(name) for name in RECIPIENTS]

    @property
    def troubles(self) -> list[str]:
        """What is wrong without a field of its own to say it at."""
        unseen = (self.form.errors.get(name, ()) for name in ("text", "html", "uploads", "draft", "source"))
        return [self.trouble] * bool(self.trouble) + [str(error) for errors in unseen for error in errors]

    @property
    def later(self) -> str:
        """What was chosen in the menu of Send later, to be kept by a question that comes between."""
        return str(self.form.data.get("later", ""))

    @property
    def copies_shown(self) -> bool:
        return not any(found.folded for found in self.recipient_fields)

    @property
    def senders(self) -> list[tuple[str, str]]:
        return self.form.senders

    @property
    def sender(self) -> str:
        return str(self.form["sender"].value() or "")

    @property
    def mode(self) -> str:
        """'plain' for what was written as plain text before; new text is rich where scripts run."""
        has_text = bool(str(self.form["text"].value() or "").strip())
        was_plain = self.draft_id is not None and has_text and not self.form["html"].value()
        return "plain" if was_plain else "rich"

    @property
    def starts_in_text(self) -> bool:
        """Whether everything above the text is filled in, as in an answer."""
        return bool(self.form["to"].value())

    @property
    def total(self) -> int:
        return sum(holding.size for holding in self.holdings)

    @property
    def limit(self) -> int:
        """Octets of attachments that fit: base64 makes four of three, and lines and headers want room."""
        return settings.CORREIO.size_limit * 7 // 10

    @property
    def back(self) -> str:
        return reverse("inbox")

    def _recipients(self, name: str) -> RecipientField:
        value = str(self.form[name].value() or "")
        errors = [str(error) for error in self.form[name].errors]
        return RecipientField(
            name,
            name.capitalize(),
            value,
            errors,
            folded=name != "to" and not value and not errors,
            autofocus=name == "to" and not value,
        )


def saved_words(at: datetime) -> str:
    return f"Saved {timezone.localtime(at):%H:%M}"


def new(account: Account, writing: Writing, quote: Quote | None, holdings: Sequence[Holding], *, full: bool) -> Writer:
    """A message nobody saved yet."""
    return Writer(_filled(account, writing), full=full, holdings=holdings, quote=quote)


def of_draft(account: Account, loaded: Loaded, *, full: bool, fold: bool = True) -> Writer:
    """A saved draft; its quote is folded away when it still stands below the text as it was put there."""
    quote, writing = fold_from(account, loaded.writing) if fold else (None, loaded.writing)
    return Writer(
        _filled(account, writing, quoted=quote is not None),
        full=full,
        draft_id=loaded.saved.message_id,
        saved_at=loaded.saved_at,
        holdings=loaded.holdings,
        quote=quote,
    )


def of_form(form: ComposeForm, saved_id: int | None = None, **more: Any) -> Writer:
    """What was posted, as it was posted, with what is wrong with it. `saved_id` is the draft it was saved as."""
    if saved_id:
        loaded = drafts.load(account_id=form.account.pk, message_id=saved_id)
        more |= {"draft_id": saved_id, "saved_at": loaded.saved_at, "holdings": loaded.holdings}
    else:
        more |= {
            "draft_id": row_id(str(form["draft"].value() or "")),
            "holdings": describe(form.account.pk, form.kept),
        }
    source = form.source_of
    quote = quote_of(form.account, source) if source and form["quoted"].value() else None
    return Writer(form, quote=quote, full="full" in form.data, **more)


def _filled(account: Account, writing: Writing, *, quoted: bool = True) -> ComposeForm:
    source = writing.source
    initial = {
        "source": f"{source.kind} {source.message_id}" if source else "",
        "sender": writing.sender.address,
        **{name: typed(getattr(writing, name)) for name in RECIPIENTS},
        "subject": writing.subject,
        "text": writing.text,
        "html": writing.html,
        "rich": bool(writing.html),
        "quoted": quoted,
        "receipt": writing.receipt,
    }
    return ComposeForm(account, initial=initial)
