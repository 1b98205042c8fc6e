"""MIME entities as octets: transfer encodings that survive every server, boundaries that occur nowhere else."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mailserver.mail import charset, encodedwords, fieldwriter

# RFC 5321 §4.5.3.1.6 and RFC 5322 §2.1.1: octets of a line without its end.
_LONG_LINE = re.compile(rb"[^\r\n]{999}")
_LINE_END = re.compile(r"\r\n|\r|\n")
_OCTET_LINE_END = re.compile(rb"\r\n|\r|\n")
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,80}/[A-Za-z0-9!#$&^_.+-]{1,80}")
_OPAQUE = "application/octet-stream"
_ENCLOSED = ("message/rfc822", "message/global")


@dataclass(frozen=True, slots=True)
class Entity:
    """A part to write: `body` holds its octets encoded already, `parts` what a multipart contains.

    `fields` are finished header lines beside Content-Type and Content-Transfer-Encoding.
    """

    type: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "7bit"
    fields: tuple[bytes, ...] = ()
    body: bytes = b""
    parts: Sequence[Entity] = ()

    @property
    def transfer(self) -> str:
        """RFC 2045 §6.4: a multipart that holds 8-bit octets says so."""
        if self.parts:
            return "8bit" if any(part.transfer == "8bit" for part in self.parts) else "7bit"
        return self.encoding


def write(entity: Entity, *, seed: str = "") -> bytes:
    """The entity from its Content-Type on. The same entity and seed always give the same octets."""
    digest = hashlib.sha256(seed.encode("utf-8", "replace"))
    _feed(digest, entity)
    return _Writer(digest.hexdigest()[:24]).write(entity)


def text(subtype: str, content: str) -> Entity:
    """`text/plain` or `text/html` in UTF-8: 7bit when it may, else quoted-printable or base64, the shorter."""
    lines = _LINE_END.sub("\n", charset.storable(content))
    lines = lines if lines.endswith("\n") or not lines else lines + "\n"
    octets = lines.encode()
    parameters = {"charset": "utf-8"}
    if octets.isascii() and not _LONG_LINE.search(octets):
        return Entity(f"text/{subtype}", parameters, "7bit", body=octets.replace(b"\n", b"\r\n"))
    # b2a_qp writes its soft breaks as LF when it sees no CRLF, so line ends are made afterwards
    quoted = binascii.b2a_qp(octets, istext=True).replace(b"\nFrom ", b"\n=46rom ").replace(b"\n", b"\r\n")
    if len(quoted) <= len(octets) * 4 // 3 + 100:
        return Entity(f"text/{subtype}", parameters, "quoted-printable", body=quoted)
    return Entity(f"text/{subtype}", parameters, "base64", body=_base64(octets.replace(b"\n", b"\r\n")))


def file(name: str, kind: str, data: bytes, disposition: str, content_id: str = "") -> Entity:
    """A file. Enclosed messages stay readable (RFC 2046 §5.2.1 forbids encoding them), all else is base64.

    Raises InvalidName for line breaks in the name.
    """
    name = fieldwriter.checked("File name", name).strip()
    kind = fieldwriter.checked("File type", kind).partition(";")[0].strip().lower()
    kind = kind if _TYPE.fullmatch(kind) and not kind.startswith("multipart/") else _OPAQUE
    fields = [fieldwriter.parameterised("Content-Disposition", disposition, {"filename": name} if name else {})]
    if content_id:
        fields.append(fieldwriter.identifiers("Content-ID", [content_id]))
    parameters = {"name": name} if name else {}
    if kind in _ENCLOSED:
        message = _OCTET_LINE_END.sub(b"\r\n", data)
        if b"\x00" not in message and not _LONG_LINE.search(message):
            encoding = "7bit" if message.isascii() else "8bit"
            return Entity(kind, parameters, encoding, tuple(fields), message)
        kind = _OPAQUE
    if kind.startswith("text/"):
        parameters["charset"] = "utf-8" if _is_utf8(data) else "unknown-8bit"
    return Entity(kind, parameters, "base64", tuple(fields), _base64(data))


class _Writer:
    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.count = 0

    def write(self, entity: Entity) -> bytes:
        parameters = dict(entity.parameters)
        boundary = b""
        if entity.parts:
            self.count += 1
            # neither base64 nor quoted-printable can hold "=_"
            parameters["boundary"] = f"=_{self.seed}.{self.count}"
            boundary = parameters["boundary"].encode()
        pieces = [self._content_type(entity.type, parameters)]
        if entity.transfer != "7bit" or not entity.parts:
            pieces.append(f"Content-Transfer-Encoding: {entity.transfer}\r\n".encode())
        pieces += entity.fields
        pieces.append(b"\r\n")
        if entity.parts:
            for part in entity.parts:
                pieces += [b"--", boundary, b"\r\n", self.write(part), b"\r\n"]
            pieces += [b"--", boundary, b"--\r\n"]
        else:
            pieces.append(entity.body)
        return b"".join(pieces)

    @staticmethod
    def _content_type(kind: str, parameters: dict[str, str]) -> bytes:
        """A `name` beyond ASCII is written as older programs read it, the file name proper stands beside it."""
        name = parameters.pop("name", "")
        field_ = fieldwriter.parameterised("Content-Type", kind, parameters)
        if not name:
            return field_
        if name.isascii() and len(name) <= 60:
            return fieldwriter.parameterised("Content-Type", kind, {**parameters, "name": name})
        words = encodedwords.encode(name).split(" ")
        return field_[:-2] + b';\r\n name="' + "\r\n ".join(words).encode() + b'"\r\n'


def _feed(digest: hashlib._Hash, entity: Entity) -> None:
    digest.update(b"\x00" + entity.type.encode() + b"\x00" + b"".join(entity.fields) + entity.body)
    for part in entity.parts:
        _feed(digest, part)


def _base64(octets: bytes) -> bytes:
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
