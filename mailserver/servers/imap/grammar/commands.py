"""All commands as one type, and a command with its tag."""

from __future__ import annotations

from dataclasses import dataclass

from mailserver.servers.imap.grammar import mailboxcommands as mailboxes
from mailserver.servers.imap.grammar import messagecommands as messages
from mailserver.servers.imap.grammar import sessioncommands as session

Command = (
    session.Capability
    | session.Noop
    | session.Logout
    | session.StartTls
    | session.Authenticate
    | session.Login
    | session.Id
    | session.Enable
    | session.Idle
    | session.Notify
    | session.Compress
    | session.GetQuota
    | session.GetQuotaRoot
    | session.SetQuota
    | session.Namespace
    | mailboxes.Select
    | mailboxes.Create
    | mailboxes.Delete
    | mailboxes.Rename
    | mailboxes.Subscribe
    | mailboxes.Unsubscribe
    | mailboxes.List
    | mailboxes.Lsub
    | mailboxes.Xlist
    | mailboxes.Status
    | mailboxes.Append
    | messages.Check
    | messages.Close
    | messages.Unselect
    | messages.Expunge
    | messages.Search
    | messages.Sort
    | messages.Thread
    | messages.Fetch
    | messages.Store
    | messages.Copy
    | messages.Move
    | messages.Replace
)


@dataclass(frozen=True, slots=True)
class Line:
    tag: str
    command: Command
