"""The tables. Every mailbox-side row carries its account, first in its indexes, so that the store can later be
partitioned or distributed by account (docs/scale.md)."""

from mailserver.store.models.account import Account
from mailserver.store.models.audit import AuditEntry
from mailserver.store.models.blob import Blob
from mailserver.store.models.destination import PausedDestination
from mailserver.store.models.dkim import DkimKey
from mailserver.store.models.domain import Address, Domain, Group
from mailserver.store.models.event import Event
from mailserver.store.models.external import ExternalAccount, ExternalFolder, ExternalMessage
from mailserver.store.models.forward import Forward
from mailserver.store.models.mailbox import Change, Label, Mailbox, MailboxMessage, Orphan, Subscription, Vanished
from mailserver.store.models.maildrop import MaildropLease
from mailserver.store.models.message import Message
from mailserver.store.models.queue import DeliveryAttempt, DeliveryResult, QueueEntry, QueueRecipient
from mailserver.store.models.scram import ScramVerifier
from mailserver.store.models.search import SearchDocument, SearchPending
from mailserver.store.models.sending import SendingAlarm, SendingHour
from mailserver.store.models.spam import Acquaintance, SpamLesson, SpamTotal, SpamWord
from mailserver.store.models.suppression import Suppression
from mailserver.store.models.thread import Thread, ThreadBox, ThreadReference
from mailserver.store.models.tls import Relay, StsPolicy
from mailserver.store.models.tlsreport import TlsCount, TlsReportReceived, TlsReportSent
from mailserver.store.models.undo import UndoStep

__all__ = [
    "Account",
    "Acquaintance",
    "Address",
    "AuditEntry",
    "Blob",
    "Change",
    "DeliveryAttempt",
    "DeliveryResult",
    "DkimKey",
    "Domain",
    "Event",
    "ExternalAccount",
    "ExternalFolder",
    "ExternalMessage",
    "Forward",
    "Group",
    "Label",
    "Mailbox",
    "MailboxMessage",
    "MaildropLease",
    "Message",
    "Orphan",
    "PausedDestination",
    "QueueEntry",
    "QueueRecipient",
    "Relay",
    "ScramVerifier",
    "SearchDocument",
    "SearchPending",
    "SendingAlarm",
    "SendingHour",
    "SpamLesson",
    "SpamTotal",
    "SpamWord",
    "StsPolicy",
    "Subscription",
    "Suppression",
    "Thread",
    "ThreadBox",
    "ThreadReference",
    "TlsCount",
    "TlsReportReceived",
    "TlsReportSent",
    "UndoStep",
    "Vanished",
]
