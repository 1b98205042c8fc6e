"""What the children are told: one consistent environment, made from whatever the operator set."""

from __future__ import annotations

import pytest

from mailserver import conf
from mailserver.stack import plan


@pytest.fixture
def make(tmp_path):
    return lambda **variables: plan.make({"CORREIO_DATA_DIR": str(tmp_path), **variables})


def test_it_runs_the_demo_unless_told_otherwise(make):
    assert make().config.demo
    assert make(CORREIO_DEMO="1").config.demo
    assert not make(CORREIO_DEMO="0").config.demo


def test_it_routes_the_demo_mail_for_bob_through_our_own_mx_port(make):
    environ = make(CORREIO_MX_PORT="2626", CORREIO_ROUTES="*=smart.example:25").environ
    assert conf.load(environ).routes == {
        "*": conf.Route("smart.example", 25),
        "hamburger.edu": conf.Route("127.0.0.1", 2626),
    }


def test_it_leaves_a_route_for_bob_that_the_operator_set(make):
    environ = make(CORREIO_ROUTES="hamburger.edu=192.0.2.1:25").environ
    assert conf.load(environ).routes == {"hamburger.edu": conf.Route("192.0.2.1", 25)}
    assert not conf.load(make(CORREIO_DEMO="0").environ).routes


@pytest.mark.parametrize(
    ("bind", "where"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("192.0.2.7", "192.0.2.7"), ("::", "[::1]")],
)
def test_it_reaches_the_servers_where_they_listen(make, bind, where):
    wanted = make(CORREIO_BIND=bind, CORREIO_MX_PORT="2626")
    assert wanted.at(2626) == f"{where}:2626"
    told = conf.load(wanted.environ)
    assert told.routes["hamburger.edu"] == conf.Route(where.strip("[]"), 2626)
    assert told.submission_host == where.strip("[]")


def test_it_gives_the_children_a_certificate_or_the_one_that_is_named(make, tmp_path):
    own = conf.load(make().environ)
    assert own.tls_cert == tmp_path / "tls" / "certificate.pem"
    assert own.tls_key.exists()
    named = make(CORREIO_TLS_CERT="/etc/a.pem", CORREIO_TLS_KEY="/etc/b.pem").environ
    assert (named["CORREIO_TLS_CERT"], named["CORREIO_TLS_KEY"]) == ("/etc/a.pem", "/etc/b.pem")


def test_each_port_belongs_to_one_server_and_is_asked_for_before_the_start(make):
    wanted = make()
    told = {key: where for child in plan.servers(wanted) for key, where in child.listens.items()}
    assert told["pop3"] == "127.0.0.1:2110"
    assert told["pop3s"] == "127.0.0.1:2995"
    assert {int(where.rsplit(":", 1)[1]) for where in told.values()} == set(wanted.ports().values())
