"""Special uses of folders as attributes (RFC 6154 §2, RFC 3348), and in the older words of XLIST."""

from __future__ import annotations

from collections.abc import Mapping

ATTRIBUTES: Mapping[str, str] = {
    "archive": "\\Archive",
    "drafts": "\\Drafts",
    "junk": "\\Junk",
    "sent": "\\Sent",
    "trash": "\\Trash",
}
USE_OF_ATTRIBUTE: Mapping[str, str] = {attribute.lower(): use for use, attribute in ATTRIBUTES.items()}
XLIST: Mapping[str, str] = {
    "inbox": "\\Inbox",
    "archive": "\\AllMail",
    "drafts": "\\Drafts",
    "junk": "\\Spam",
    "sent": "\\Sent",
    "trash": "\\Trash",
}
