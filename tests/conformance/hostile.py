"""Messages that no decent program writes, by what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.mail import message

_HEAD = b"From: bob@hamburger.edu\r\nSubject: Crepes\r\nMIME-Version: 1.0\r\n"


def _nested(depth: int) -> bytes:
    """Multiparts inside each other."""
    raw = b"Content-Type: text/plain\r\n\r\nat last\r\n"
    for level in range(depth):
        raw = b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n%s\r\n--b%d--\r\n' % (
            level,
            level,
            raw,
            level,
        )
    return _HEAD + raw


def _forwarded(depth: int) -> bytes:
    """Messages inside each other."""
    return (_HEAD + b"Content-Type: message/rfc822\r\n\r\n") * depth + _HEAD + b"\r\nat last\r\n"


def _typed(kind: bytes, body: bytes, encoding: bytes = b"8bit") -> bytes:
    return _HEAD + b"Content-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n%s" % (kind, encoding, body)


def _mixed(*parts: bytes) -> bytes:
    inside = b"".join(b"--x\r\n%s\r\n" % part for part in parts)
    return _HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + inside + b"--x--\r\n"


_OCTETS = bytes(octet for octet in range(1, 256) if octet not in b"\r\n")

LETTERS: Mapping[str, bytes] = {
    "empty": b"",
    "one octet": b"x",
    "only an empty line": b"\r\n",
    "no header": b"\r\nbody\r\n",
    "no body": _HEAD,
    "no line end": b"Subject: x",
    "bare line feeds": message().replace(b"\r\n", b"\n"),
    "bare carriage returns": message().replace(b"\r\n", b"\r"),
    "mixed line ends": b"Subject: x\n\r\na\r\r\nb\rc\nd",
    "two senders": message(extra="Sender: alice@crepes.fr, charlie@hamburger.edu\r\nSender: dave@hamburger.edu\r\n"),
    "every field thrice": (_HEAD + b"Date: x\r\nTo: a, b\r\nCc: g:;\r\nMessage-ID: <\r\nIn-Reply-To: y\r\n") * 3
    + b"\r\n",
    "nested 50": _nested(50),
    "nested 200": _nested(200),
    "nested messages 50": _forwarded(50),
    "nested messages 120": _forwarded(120),
    "1,100 parts": _mixed(*[b"\r\nx"] * 1100),
    "unknown charset": _typed(b"text/plain; charset=klingon-8", b"\xe9\xff\r\n"),
    "charset of control characters": _typed(b'text/plain; charset="\x01\x02\xff\xe9"', b"x"),
    "charset that is no text": _typed(b"text/plain; charset=base64", b"\xff\xfe"),
    "unknown encoding": _typed(b"text/plain", b"=41\r\n", b"x-own"),
    "broken base64": _typed(b"image/png", b"!!SGVs!bG8=*\r\nABC", b"base64"),
    "broken quoted-printable": _typed(b"text/plain", b"=zz =4\r\nx =\t\r\n= \r\n\xe9=", b"quoted-printable"),
    "multipart in base64": _typed(b"multipart/mixed; boundary=x", b"--x\r\n\r\na\r\n--x--", b"base64"),
    "message in base64": _typed(b"message/rfc822", b"U3ViamVjdDogeA0KDQp4", b"base64"),
    "multipart without parts": _typed(b"multipart/mixed; boundary=x", b"nothing"),
    "multipart without boundary": _typed(b"multipart/mixed", b"--x\r\n\r\na"),
    "multipart that does not end": _typed(b"multipart/mixed; boundary=x", b"--x\r\n\r\na"),
    "empty parts": _mixed(b"", b"\r\n", b"Content-Type: message/rfc822\r\n\r\n"),
    "all octets": _typed(b"application/octet-stream", _OCTETS, b"binary"),
    "all octets in the header": b"Subject: %s\r\nFrom: %s\r\nX: %s\r\n\r\n" % (_OCTETS, _OCTETS, _OCTETS),
    "all octets in parameters": _typed(b'text/plain; name="%s"; x=%s' % (_OCTETS, _OCTETS), b"x"),
    "NUL": _typed(b'text/plain; name="a\0b"', b"a\0b\r\n") + b"\0",
    "quotes and backslashes": message(subject='"\\" \\\\ "', sender='"\\"\\\\" <"a\\"b"@hamburger.edu>'),
    "parentheses": message(sender="((((bob@hamburger.edu)))) (a (b (c", extra="Content-Language: ((, \r\n"),
    "a type of nothing": _typed(b"/", b"x") + b"",
    "a type of blanks": _typed(b" ; = ; ;;", b"x"),
    "disposition of nothing": _HEAD + b"Content-Disposition: ; filename*0*=''%ff; filename*=utf-8''%\r\n\r\nx",
    "100,000 addresses": _HEAD + b"To: " + b"a@b,\r\n " * 100_000 + b"\r\n\r\nx",
    "10,000 fields": _HEAD + b"".join(b"X-%d: y\r\n" % number for number in range(10_000)) + b"\r\nx",
    "long lines": _HEAD + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n" + b"z" * 1_000_000,
}
