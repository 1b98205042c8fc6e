"""Ports that cannot be had are told before anything starts."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest

from mailserver.errors import ConfigurationError
from mailserver.stack import ports
from tests.support.instance import ROOT
from tests.support.ports import free_ports


def test_it_accepts_free_ports():
    one, other = free_ports(2)
    ports.check("127.0.0.1", {"CORREIO_HTTP_PORT": one, "CORREIO_MX_PORT": other})


def test_it_names_the_variable_of_a_port_in_use():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Port {port} is in use.*CORREIO_MX_PORT"):
            ports.check("127.0.0.1", {"CORREIO_MX_PORT": port})


def test_it_names_both_variables_of_one_port():
    port = free_ports(1)[0]
    with pytest.raises(ConfigurationError, match=f"CORREIO_HTTP_PORT and CORREIO_MX_PORT are both {port}"):
        ports.check("127.0.0.1", {"CORREIO_HTTP_PORT": port, "CORREIO_MX_PORT": port})


def test_it_explains_an_address_this_machine_does_not_have():
    with pytest.raises(ConfigurationError, match="CORREIO_BIND"):
        ports.check("192.0.2.1", {"CORREIO_HTTP_PORT": free_ports(1)[0]})


def test_no_two_processes_are_given_the_same():
    code = "from tests.support import ports; ports._candidates = lambda: [{0}, {1}]; print(ports.free_ports(1))"
    (ours,) = free_ports(1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        spare = probe.getsockname()[1]
    given = subprocess.run(
        [sys.executable, "-c", code.format(spare, ours)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert json.loads(given.stdout) == [spare]
