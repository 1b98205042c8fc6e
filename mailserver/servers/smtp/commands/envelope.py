"""MAIL and RCPT: who sends and who gets it (RFC 5321 §4.1.1.2, §4.1.1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.errors import InvalidName
from mailserver.mail import replies
from mailserver.mail.replies import Reply
from mailserver.servers.smtp import futurerelease, paths, wishes
from mailserver.servers.smtp.paths import Path
from mailserver.servers.smtp.refusal import Refusal
from mailserver.servers.smtp.session import Transaction

if TYPE_CHECKING:
    from mailserver.servers.smtp.protocol import Connection

_BODIES = {"7BIT": False, "8BITMIME": True}


async def mail(connection: Connection, argument: str) -> Reply:
    client, door = connection.client, connection.door
    if door.signs_in and client.login is None:
        return replies.AUTH_REQUIRED if client.tls else replies.TLS_REQUIRED
    if connection.transaction is not None:
        return replies.NESTED_MAIL
    path = _path("FROM", argument, replies.MAIL_SYNTAX)
    connection.concerns = path.text, ""
    if path.parameters and not client.extended:
        return replies.UNKNOWN_PARAMETER
    transaction = _transaction(connection, path)
    reply = await door.sender(client, transaction)
    if reply.positive:
        connection.transaction = transaction
    return reply


async def rcpt(connection: Connection, argument: str) -> Reply:
    transaction, door = connection.transaction, connection.door
    if transaction is None:
        return replies.MAIL_FIRST
    if len(transaction.recipients) >= door.max_recipients:
        return replies.TOO_MANY_RECIPIENTS
    transaction.refused += 1
    path = _path("TO", argument, replies.RCPT_SYNTAX)
    connection.concerns = transaction.return_path, path.text
    parameters = dict(path.parameters)
    wished = wishes.of_recipient(parameters, utf8=transaction.smtputf8)
    if parameters or (path.parameters and not connection.client.extended):
        return replies.UNKNOWN_PARAMETER
    if not path.text.isascii() and not transaction.smtputf8:
        return _needs_smtputf8(path, replies.RECIPIENT_NEEDS_SMTPUTF8, replies.RECIPIENT_NOT_AN_ADDRESS)
    try:
        address = paths.forward_path(path.text, connection.site.hostname)
    except InvalidName:
        relayed = not door.signs_in and paths.looks_like_relaying(path.text)
        return replies.RELAY_DENIED if relayed else replies.RECIPIENT_NOT_AN_ADDRESS
    reply = await door.recipient(connection.client, transaction, address)
    if reply.positive:
        transaction.refused -= 1
        transaction.recipients.append(address)
        transaction.recipient_wishes.append(wished)
    return reply


def _path(keyword: str, argument: str, syntax: Reply) -> Path:
    try:
        return paths.parse(keyword, argument)
    except paths.NoPath:
        # `FROM:<alice @crepes.fr>` has the form of the command, but no address in it.
        wrong = replies.SENDER_NOT_AN_ADDRESS if keyword == "FROM" else replies.RECIPIENT_NOT_AN_ADDRESS
        raise Refusal(wrong if argument[: len(keyword) + 1].upper() == f"{keyword}:" else syntax) from None
    except paths.BadParameter:
        raise Refusal(replies.PARAMETER_SYNTAX) from None


def _needs_smtputf8(path: Path, needs: Reply, not_an_address: Reply) -> Reply:
    """RFC 6531 §3.5, but octets that are not even UTF-8 would not be an address with SMTPUTF8 either."""
    try:
        path.text.encode("utf-8")
    except UnicodeEncodeError:
        return not_an_address
    return needs


def _transaction(connection: Connection, path: Path) -> Transaction:
    parameters = dict(path.parameters)
    smtputf8 = "SMTPUTF8" in parameters
    if smtputf8 and parameters.pop("SMTPUTF8") is not None:
        raise Refusal(replies.PARAMETER_SYNTAX)
    eight_bit = _BODIES.get((parameters.pop("BODY", "7BIT") or "").upper())
    if eight_bit is None:
        raise Refusal(replies.PARAMETER_SYNTAX)
    size = parameters.pop("SIZE", "0") or ""
    # RFC 1870 §5: up to 20 digits.
    if not (size.isascii() and size.isdigit() and len(size) <= 20):
        raise Refusal(replies.PARAMETER_SYNTAX)
    require_tls = bool(connection.client.tls) and "REQUIRETLS" in parameters
    if require_tls and parameters.pop("REQUIRETLS") is not None:
        raise Refusal(replies.PARAMETER_SYNTAX)
    if connection.door.signs_in:
        # RFC 4954 §5: whoever offers AUTH takes the parameter; we believe the login, not what it says.
        parameters.pop("AUTH", None)
    release = futurerelease.of(parameters) if connection.door.signs_in else None
    wished = wishes.of_envelope(parameters)
    if parameters:
        raise Refusal(replies.UNKNOWN_PARAMETER)
    if not path.text.isascii() and not smtputf8:
        raise Refusal(_needs_smtputf8(path, replies.SENDER_NEEDS_SMTPUTF8, replies.SENDER_NOT_AN_ADDRESS))
    try:
        sender = paths.reverse_path(path.text)
    except InvalidName:
        raise Refusal(replies.SENDER_NOT_AN_ADDRESS) from None
    if int(size) > connection.site.size_limit:
        raise Refusal(replies.MESSAGE_TOO_LARGE)
    return Transaction(sender, int(size), eight_bit, smtputf8, require_tls=require_tls, wishes=wished, release=release)
