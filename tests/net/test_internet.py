"""Which addresses a host chosen by strangers may have."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.net.internet import is_public

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.1.1",
    "169.254.169.254",
    "172.16.5.4",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.5",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:0:127.0.0.1",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001:db8::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
WRAPPED = ["::ffff:{}", "64:ff9b::{}"]


@pytest.mark.parametrize("address", PRIVATE)
def test_it_knows_what_is_not_on_the_open_internet(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "2a00:1450::1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"],
)
def test_it_knows_what_is(address):
    assert is_public(address)


@pytest.mark.parametrize("wrapping", WRAPPED)
@pytest.mark.parametrize("address", [address for address in PRIVATE if "." in address and ":" not in address])
def test_it_looks_inside_ipv6(address, wrapping):
    assert not is_public(wrapping.format(address))


@given(st.ip_addresses(v=4))
def test_it_judges_an_ipv4_address_by_itself_however_it_is_wrapped(address):
    expected = is_public(str(address))
    sixtofour = ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80))
    assert is_public(f"::ffff:{address}") is expected
    assert is_public(str(sixtofour)) is expected


def test_it_refuses_what_is_no_address():
    with pytest.raises(ValueError):
        is_public("localhost")
