"""Clients that speak something else: browsers made to POST a mail to us (cross-protocol attacks), TLS too early."""

from __future__ import annotations

import re

HTTP_VERBS = frozenset({b"GET", b"POST", b"PUT", b"HEAD", b"CONNECT", b"OPTIONS", b"DELETE", b"PATCH", b"TRACE"})
HEADER_FIELD = re.compile(rb"[!-9;-~]+:(?:\s|$)")
TLS_HELLO = b"\x16\x03"
