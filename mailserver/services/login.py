"""Who somebody is: by password, by a proof of it, or by a short-lived token one of our processes gives to another."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.core import signing
from django.db.models.functions import Lower
from django.utils.crypto import constant_time_compare

from mailserver.errors import AuthenticationFailed, InvalidName
from mailserver.mail import addresses
from mailserver.mail.scram import Proof, Salt
from mailserver.services import scram, throttle
from mailserver.services.verified import Verified
from mailserver.store.models import Account
from mailserver.store.models import Address as AddressRow

SUBMISSION = "submission"
IMAP = "imap"
MAILDROP = "maildrop"

_verified = Verified()


@dataclass(frozen=True, slots=True)
class Login:
    """A signed-in account. With a token of the page come the draft it sends, as (mailbox id, UID), and when.

    `stamp` changes with the account's password. `hidden` are IMAP extensions that the account is not to be told of.
    """

    account_id: int
    address: str
    draft: tuple[int, int] | None = None
    composed_at: datetime | None = None
    stamp: str = field(default="", repr=False)
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Token:
    account_id: int
    purpose: str
    draft: tuple[int, int] | None
    issued_at: datetime


def authenticate(*, address: str, password: str, peer: str, identity: str = "") -> Login:
    """The account with this address and password; `peer` is the client's IP address.

    `identity` is whom the client wants to act as (SASL): empty or an address of the same account. An unknown address
    costs the same hash as a wrong password. Raises AuthenticationFailed, TooManyAttempts.
    """
    throttle.check(address, peer)
    account = _find(address)
    if account is None:
        Account().set_password(password)
    if account is None or not _is_right(account, password) or not account.is_active:
        throttle.failed(address, peer)
        raise AuthenticationFailed("Address or password is wrong.")
    _act_as(account, identity)
    throttle.succeeded(address, peer)
    return _signed_in(account)


def is_current(login: Login) -> bool:
    """Whether a session that signed in so may go on: the account is there and active, its password the same."""
    account = Account.objects.filter(pk=login.account_id, is_active=True).first()
    return account is not None and constant_time_compare(account.get_session_auth_hash(), login.stamp)


def _is_right(account: Account, password: str) -> bool:
    if _verified.holds(account.pk, password, account.password):
        return True
    if not account.check_password(password):
        return False
    # `account.password` is the new hash when that was one by older parameters.
    _verified.note(account.pk, password, account.password)
    scram.keep(account, password)
    return True


def salt(*, address: str) -> Salt:
    """What a client needs to prove that it knows the password (RFC 5802); for an unknown address something like it."""
    return scram.find(_find(address), _written(address))[0].salt


def authenticate_by_proof(*, address: str, proof: Proof, peer: str, identity: str = "") -> tuple[Login, bytes]:
    """The account whose password this proves, and our own proof, which the client must hear first.

    An account has to have had its password set or used once since there are verifiers. Raises AuthenticationFailed,
    TooManyAttempts.
    """
    throttle.check(address, peer)
    account = _find(address)
    verifier, is_kept = scram.find(account, _written(address))
    if not verifier.accepts(proof) or not is_kept or account is None or not account.is_active:
        throttle.failed(address, peer)
        raise AuthenticationFailed("Address or password is wrong.")
    _act_as(account, identity)
    throttle.succeeded(address, peer)
    return _signed_in(account), verifier.answer(proof)


def issue_token(
    *, account_id: int, purpose: str = SUBMISSION, draft: tuple[int, int] | None = None, seconds: int = 60
) -> str:
    """A token for `purpose` that is good for so many seconds; its letters are those of RFC 6750 §2.1."""
    now = time.time()
    value = {"a": account_id, "p": purpose, "d": draft, "i": now, "e": int(now) + seconds}
    return _signer().sign_object(value)


def check_token(token: str, purpose: str = SUBMISSION) -> Token:
    """What a token says. Raises AuthenticationFailed when it is not ours, too old or for another purpose."""
    try:
        value = _signer().unsign_object(token)
    except (signing.BadSignature, ValueError) as error:
        raise AuthenticationFailed("This token is not good.") from error
    if value["e"] < time.time() or value["p"] != purpose:
        raise AuthenticationFailed("This token is not good any more.")
    draft = value["d"]
    issued_at = datetime.fromtimestamp(value["i"], UTC)
    return Token(value["a"], value["p"], (draft[0], draft[1]) if draft else None, issued_at)


def redeem(*, token: str, identity: str = "", purpose: str = SUBMISSION) -> Login:
    """Sign in with a token for `purpose`. Raises AuthenticationFailed, also when `identity` is somebody else."""
    found = check_token(token, purpose)
    account = Account.objects.filter(pk=found.account_id, is_active=True).first()
    if account is None:
        raise AuthenticationFailed("The account of this token is gone.")
    _act_as(account, identity)
    return _signed_in(account, found.draft, found.issued_at)


def _signed_in(account: Account, draft: tuple[int, int] | None = None, composed_at: datetime | None = None) -> Login:
    hidden = frozenset(account.hidden_capabilities.split())
    return Login(account.pk, account.address, draft, composed_at, account.get_session_auth_hash(), hidden)


def _signer() -> signing.Signer:
    return signing.Signer(salt="correio.login", sep=".")


def _find(address: str) -> Account | None:
    wanted = _written(address)
    if not wanted:
        return None
    return Account.objects.annotate(lower=Lower("address")).filter(lower=wanted).first()


def _written(address: str) -> str:
    """The one way we write it, or "" for what is no address."""
    try:
        return str(addresses.parse(address)).lower()
    except InvalidName:
        return ""


def _act_as(account: Account, identity: str) -> None:
    """RFC 4616 §2: the authorization identity. Nobody here may act as somebody else."""
    if not identity or identity.lower() == account.address.lower():
        return
    try:
        wanted = addresses.parse(identity)
    except InvalidName as error:
        raise AuthenticationFailed("There is no such identity.") from error
    own = AddressRow.objects.filter(account=account, enabled=True, domain__name=wanted.domain)
    if not own.filter(local_part__iexact=wanted.local).exists():
        raise AuthenticationFailed("This identity belongs to another account.")
