"""What one POP3 session knows: who signed in, the maildrop, and what will become of its messages."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailserver.servers.pop3 import replies
from mailserver.servers.pop3.refusal import Refusal
from mailserver.services.maildrop import Maildrop


class State(enum.Flag):
    """RFC 1939 §3. The third state, UPDATE, is the work of QUIT."""

    AUTHORIZATION = enum.auto()
    TRANSACTION = enum.auto()
    ANY = AUTHORIZATION | TRANSACTION


@dataclass(slots=True)
class Session:
    """`user` is what USER said, `utf8` that UTF8 was; `deleted` and `read` are numbers of messages.

    Nothing of it is done before QUIT.
    """

    user: str = ""
    utf8: bool = False
    failed_sign_ins: int = 0
    maildrop: Maildrop | None = None
    deleted: set[int] = field(default_factory=set)
    read: set[int] = field(default_factory=set)

    @property
    def state(self) -> State:
        return State.TRANSACTION if self.maildrop is not None else State.AUTHORIZATION

    @property
    def drop(self) -> Maildrop:
        assert self.maildrop is not None
        return self.maildrop

    def numbers(self) -> Iterator[int]:
        """Of the messages that are not marked as deleted."""
        return (number for number in range(1, len(self.drop) + 1) if number not in self.deleted)

    def message(self, number: int) -> int:
        """The place in the maildrop's arrays. Raises Refusal for a message that is not there or marked as deleted."""
        if not 0 < number <= len(self.drop):
            raise Refusal(replies.NO_SUCH_MESSAGE)
        if number in self.deleted:
            raise Refusal(replies.MESSAGE_DELETED)
        return number - 1

    def size(self, number: int) -> int:
        """Octets of a message before dots are stuffed. Raises Refusal."""
        return self.drop.sizes[self.message(number)]

    def unique_id(self, number: int) -> str:
        """RFC 1939 §7: never used again, as neither UID nor UIDVALIDITY is. Raises Refusal."""
        return f"{self.drop.uidvalidity}.{self.drop.uids[self.message(number)]}"

    def totals(self) -> tuple[int, int]:
        """How many messages and octets there are, without those marked as deleted."""
        octets = sum(self.drop.sizes) - sum(self.drop.sizes[number - 1] for number in self.deleted)
        return len(self.drop) - len(self.deleted), octets

    def uids(self, numbers: set[int]) -> list[int]:
        return [self.drop.uids[number - 1] for number in numbers]
