from __future__ import annotations

import gzip
import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailserver.mail.tlsrpt import report
from mailserver.mail.tlsrpt.report import BadReport, Failure, Policy, Report

DAY = Report(
    organization="mx.crepes.fr",
    contact="postmaster@mx.crepes.fr",
    report_id="2026-11-27.example.org@mx.crepes.fr",
    begin=datetime(2026, 11, 27, tzinfo=UTC),
    end=datetime(2026, 11, 27, 23, 59, 59, tzinfo=UTC),
    policies=(
        Policy(
            "sts",
            "example.org",
            5326,
            303,
            ("version: STSv1", "mode: testing"),
            ("*.mail.example.org",),
            (
                Failure("certificate-expired", 100, "mx1.example.org", "192.0.2.1", "198.51.100.62"),
                Failure("starttls-not-supported", 203, "mx2.example.org", reason="No STARTTLS é"),
            ),
        ),
        Policy("no-policy-found", "example.org", 3, 0),
    ),
)

# RFC 8460, appendix B: the parts of its example.
EXAMPLE = {
    "organization-name": "Company-X",
    "date-range": {"start-datetime": "2016-04-01T00:00:00Z", "end-datetime": "2016-04-01T23:59:59Z"},
    "contact-info": "sts-reporting@company-x.example",
    "report-id": "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
    "policies": [
        {
            "policy": {
                "policy-type": "sts",
                "policy-string": ["version: STSv1", "mode: testing", "mx: *.mail.company-y.example", "max_age: 86400"],
                "policy-domain": "company-y.example",
                "mx-host": "*.mail.company-y.example",
            },
            "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
            "failure-details": [
                {
                    "result-type": "certificate-expired",
                    "sending-mta-ip": "2001:db8:abcd:0012::1",
                    "receiving-mx-hostname": "mx1.mail.company-y.example",
                    "failed-session-count": 100,
                }
            ],
        }
    ],
}


def test_what_it_writes_it_reads():
    octets = report.write(DAY)
    assert octets == report.write(DAY)
    assert report.read(report.unpack(octets)) == DAY
    value = json.loads(gzip.decompress(octets))
    assert value["date-range"]["end-datetime"] == "2026-11-27T23:59:59Z"
    assert "receiving-ip" not in value["policies"][0]["failure-details"][1]
    assert "policy-string" not in value["policies"][1]["policy"]


def test_it_reads_the_example_of_the_standard():
    found = report.read(json.dumps(EXAMPLE).encode())
    assert (found.organization, found.policies[0].domain) == ("Company-X", "company-y.example")
    assert found.policies[0].mx_patterns == ("*.mail.company-y.example",)
    assert (found.policies[0].successes, found.policies[0].failures) == (5326, 303)
    assert found.policies[0].details[0].type == "certificate-expired"


def changed(**values) -> bytes:
    return json.dumps({**EXAMPLE, **values}).encode()


def policy(**values) -> bytes:
    return changed(policies=[{**EXAMPLE["policies"][0], **values}])


BAD = {
    "nothing": b"",
    "no object": b"[]",
    "no text": b"\xff\xfe",
    "deep": b"[" * 100_000,
    "NaN": changed().replace(b"5326", b"NaN"),
    "long number": changed().replace(b"5326", b"9" * 5000),
    "large number": changed().replace(b"5326", b"9" * 14),
    "negative": changed().replace(b"5326", b"-1"),
    "true": changed().replace(b"5326", b"true"),
    "fraction": changed().replace(b"5326", b"1.5"),
    "no id": changed(**{"report-id": " "}),
    "id of two": changed(**{"report-id": ["a", "b"]}),
    "backwards": changed(**{"date-range": {"start-datetime": "2016-04-02", "end-datetime": "2016-04-01"}}),
    "no time": changed(**{"date-range": {"start-datetime": "yesterday", "end-datetime": "2016-04-01"}}),
    "no range": changed(**{"date-range": None}),
    "no policies": changed(policies=None),
    "many policies": changed(policies=[EXAMPLE["policies"][0]] * 101),
    "unknown policy": policy(policy={"policy-type": "x", "policy-domain": "a"}),
    "no summary": policy(summary=[]),
    "many details": policy(**{"failure-details": EXAMPLE["policies"][0]["failure-details"] * 1001}),
    "number as text": policy(policy={"policy-type": "sts", "policy-domain": "a", "policy-string": [1]}),
}


@pytest.mark.parametrize("octets", BAD.values(), ids=BAD)
def test_what_is_no_report_is_refused(octets):
    with pytest.raises(BadReport):
        report.read(octets)


PACKED = {
    "no gzip": b"PK\x03\x04",
    "nothing": b"",
    "cut off": gzip.compress(b"{}" * 100)[:-4],
    "two files": gzip.compress(b"{}") * 2,
    "bomb": gzip.compress(b"\x00" * (report.MAX_OCTETS + 1)),
}


@pytest.mark.parametrize("octets", PACKED.values(), ids=PACKED)
def test_what_does_not_unpack_is_refused(octets):
    with pytest.raises(BadReport):
        report.unpack(octets)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
)


@settings(max_examples=60)
@given(
    name=st.sampled_from(sorted(EXAMPLE)), inner=st.sampled_from(["policy", "summary", "failure-details"]), value=JSON
)
def test_it_fails_in_one_way_only(name, inner, value):
    for octets in (changed(**{name: value}), policy(**{inner: value})):
        with suppress(BadReport):
            assert report.read(octets).report_id
