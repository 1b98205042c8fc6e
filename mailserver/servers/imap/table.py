"""Every command: its handler, where it may stand, and what may be told of other sessions' changes at its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mailserver.servers.imap.commands import (
    append,
    compress,
    copying,
    expunge,
    fetch,
    folders,
    idle,
    listing,
    notify,
    others,
    quota,
    replace,
    search,
    select,
    signin,
    sorting,
    starttls,
    status,
    store,
)
from mailserver.servers.imap.grammar import mailboxcommands as mailboxes
from mailserver.servers.imap.grammar import messagecommands as messages
from mailserver.servers.imap.grammar import sessioncommands as session
from mailserver.servers.imap.responses import Done
from mailserver.servers.imap.state import ANY, KNOWN, SELECTED, STRANGER, State

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session

Handler = Callable[["Session", Any], Awaitable[Done]]


@dataclass(frozen=True, slots=True)
class Command:
    """`states`: where it may stand. `syncs`: at its end the session is told what changed.

    `lazy`: the mailbox is looked at only when something was heard of it.
    `by_number`: it names messages by number (unless it begins with UID), so EXPUNGE must not be told meanwhile
    (RFC 9051 §7.5.1).
    """

    run: Handler
    states: frozenset[State] = KNOWN
    syncs: bool = True
    lazy: bool = False
    by_number: bool = False

    def may_expunge(self, command: Any) -> bool:
        return not self.by_number or bool(command.uid)


COMMANDS: Mapping[type, Command] = {
    session.Capability: Command(others.capability, ANY),
    session.Noop: Command(others.noop, ANY),
    session.Logout: Command(others.logout, ANY, syncs=False),
    session.Id: Command(others.identify, ANY, syncs=False),
    session.StartTls: Command(starttls.start_tls, STRANGER),
    session.Authenticate: Command(signin.authenticate, STRANGER),
    session.Login: Command(signin.log_in, STRANGER),
    session.Enable: Command(others.enable),
    session.Namespace: Command(others.namespace),
    session.Idle: Command(idle.idle),
    session.Notify: Command(notify.notify),
    session.Compress: Command(compress.compress, syncs=False),
    session.GetQuota: Command(quota.get_quota),
    session.GetQuotaRoot: Command(quota.get_quota_root),
    session.SetQuota: Command(quota.set_quota),
    mailboxes.Select: Command(select.select, syncs=False),
    mailboxes.Create: Command(folders.create),
    mailboxes.Delete: Command(folders.delete),
    mailboxes.Rename: Command(folders.rename),
    mailboxes.Subscribe: Command(folders.subscribe),
    mailboxes.Unsubscribe: Command(folders.unsubscribe),
    mailboxes.List: Command(listing.list_mailboxes),
    mailboxes.Lsub: Command(listing.list_subscribed),
    mailboxes.Xlist: Command(listing.list_with_uses),
    mailboxes.Status: Command(status.status),
    mailboxes.Append: Command(append.append, syncs=False),
    messages.Check: Command(others.check, SELECTED),
    messages.Close: Command(select.close, SELECTED, syncs=False),
    messages.Unselect: Command(select.unselect, SELECTED, syncs=False),
    messages.Expunge: Command(expunge.expunge, SELECTED),
    messages.Search: Command(search.search, SELECTED, lazy=True, by_number=True),
    messages.Sort: Command(sorting.sort, SELECTED, lazy=True, by_number=True),
    messages.Thread: Command(sorting.thread, SELECTED, lazy=True, by_number=True),
    messages.Fetch: Command(fetch.fetch, SELECTED, lazy=True, by_number=True),
    messages.Store: Command(store.store, SELECTED, lazy=True, by_number=True),
    messages.Copy: Command(copying.copy, SELECTED),
    messages.Move: Command(copying.move, SELECTED),
    messages.Replace: Command(replace.replace, SELECTED),
}
