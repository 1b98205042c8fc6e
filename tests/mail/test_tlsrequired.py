from __future__ import annotations

import pytest

from mailserver.mail import tlsrequired


@pytest.mark.parametrize(
    ("content", "optional"),
    [
        (b"Subject: a\r\nTLS-Required: No\r\n\r\nb", True),
        (b"tls-required:no\r\n\r\nb", True),
        (b"TLS-Required:\r\n No\r\n\r\n", True),
        (b"TLS-Required: No\n\nb", True),
        (b"TLS-Required: No", True),
        (b"TLS-Required: Yes\r\n\r\n", False),
        (b"TLS-Required: Nobody\r\n\r\n", False),
        (b"X-TLS-Required: No\r\n\r\n", False),
        (b"Subject: a\r\n\r\nTLS-Required: No\r\n", False),
        (b"\r\nTLS-Required: No\r\n", False),
    ],
)
def test_it_is_the_header_that_counts(content, optional):
    assert tlsrequired.is_optional(content) is optional
