#!/usr/bin/env bash
# Runs docker-compose.yml for real on a Debian machine without access to an image registry (root, opt-in).
#
# A Docker engine of its own (own data folder, socket and pid file, host firewall and forwarding untouched) builds our
# image on stand-ins for python:3.11-slim, postgres and redis made from Debian packages, starts everything, sends a
# message from the page's account to another through SMTP, and reads it back. It proves our files, not the official
# images. Everything is removed at the end; what apt installed stays.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "verify_compose.sh must run as root" >&2; exit 2; }

ROOT=$(cd "$(dirname "$0")/.." && pwd)
WORK=$(mktemp -d /tmp/correio-compose.XXXXXX)
SUITE=bookworm
export DOCKER_HOST=unix://$WORK/docker.sock
# Debian's own clients: another docker earlier in PATH may lack compose.
docker() { /usr/bin/docker "$@"; }
compose() { /usr/bin/docker-compose -p correio_verify --project-directory "$ROOT" -f "$ROOT/docker-compose.yml" --env-file "$WORK/env" "$@"; }

cleanup() {
    status=$?
    [ "$status" = 0 ] || compose logs --tail 40 2>/dev/null || true
    compose down -v --timeout 5 >/dev/null 2>&1 || true
    [ -f "$WORK/docker.pid" ] && kill "$(cat "$WORK/docker.pid")" 2>/dev/null
    for _ in $(seq 50); do [ -S "$WORK/docker.sock" ] || break; sleep .2; done
    grep -o " $WORK[^ ]*" /proc/mounts | sort -r | xargs -r umount -l 2>/dev/null || true
    rm -rf "$WORK"
    exit "$status"
}
trap cleanup EXIT

step() { printf '\n== %s (%ss)\n' "$1" "$SECONDS"; }

step "packages"
export DEBIAN_FRONTEND=noninteractive
apt-get -o DPkg::Lock::Timeout=300 -qq update
apt-get -o DPkg::Lock::Timeout=300 -qq install -y --no-install-recommends \
    docker.io containerd runc iptables docker-compose debootstrap ca-certificates >/dev/null

step "engine"
cat >"$WORK/daemon.json" <<JSON
{"iptables": false, "ip6tables": false, "ip-masq": false, "ip-forward": false,
 "bip": "10.213.0.1/24", "default-address-pools": [{"base": "10.214.0.0/16", "size": 24}]}
JSON
/usr/sbin/dockerd --config-file "$WORK/daemon.json" --data-root "$WORK/data" --exec-root "$WORK/exec" \
    --pidfile "$WORK/docker.pid" -H "$DOCKER_HOST" >"$WORK/dockerd.log" 2>&1 &
for _ in $(seq 100); do docker info >/dev/null 2>&1 && break; sleep .3; done
docker info >/dev/null

step "stand-in images"
debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv,python3-pip,postgresql,redis-server \
    "$SUITE" "$WORK/base" >"$WORK/debootstrap.log"
# The certificates and package index of this machine, for pip in the stand-in only.
cp -L /etc/ssl/certs/ca-certificates.crt "$WORK/base/etc/ssl/certs/ca-certificates.crt"
for file in /etc/pip.conf "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf"; do
    [ -f "$file" ] && cp "$file" "$WORK/base/etc/pip.conf"
done
ln -s python3 "$WORK/base/usr/bin/python"
tar -C "$WORK/base" -c . | docker import - correio-verify-base >/dev/null
mkdir "$WORK/postgres"
cat >"$WORK/postgres/entrypoint.sh" <<'SH'
#!/bin/sh
# What docker-compose.yml relies on of the official entrypoint: user, password and database from the environment, and
# that the server runs with the options of its command.
set -e
bin=$(echo /usr/lib/postgresql/*/bin)
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf %s "$POSTGRES_PASSWORD" >/tmp/password && chmod 600 /tmp/password
    "$bin/initdb" -U "$POSTGRES_USER" --pwfile=/tmp/password --auth=scram-sha-256 $POSTGRES_INITDB_ARGS >/dev/null
    rm /tmp/password
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    "$bin/pg_ctl" -D "$PGDATA" -o "-c listen_addresses=" -w start >/dev/null
    PGPASSWORD=$POSTGRES_PASSWORD "$bin/createdb" -h /var/run/postgresql -U "$POSTGRES_USER" "$POSTGRES_DB"
    "$bin/pg_ctl" -D "$PGDATA" -m fast -w stop >/dev/null
fi
exec "$bin/$@" -c listen_addresses='*'
SH
docker build -q --network=host -t postgres:16 -f - "$WORK/postgres" >/dev/null <<'DOCKER'
FROM correio-verify-base
COPY entrypoint.sh /entrypoint.sh
RUN chmod 755 /entrypoint.sh && install -d -o postgres -g postgres -m 700 /var/lib/postgresql/data
ENV PGDATA=/var/lib/postgresql/data
USER postgres
STOPSIGNAL SIGINT
ENTRYPOINT ["/entrypoint.sh"]
DOCKER
docker build -q --network=host -t redis:7 - >/dev/null <<'DOCKER'
FROM correio-verify-base
RUN install -d -o redis -g redis /data
WORKDIR /data
USER redis
DOCKER
docker build -q --network=host -t python:3.11-slim - >/dev/null <<'DOCKER'
FROM correio-verify-base
RUN true
DOCKER

step "our image"
: >"$WORK/env"
if compose config -q 2>/dev/null; then echo "compose must refuse to start without .env" >&2; exit 1; fi
read -r WEB_PORT MX_PORT SUBMISSION_PORT SUBMISSIONS_PORT POP3_PORT POP3S_PORT <<<"$(python3 -c '
import socket
free = [socket.create_server(("127.0.0.1", 0)) for _ in range(6)]
print(*(one.getsockname()[1] for one in free))')"
cat >"$WORK/env" <<ENV
CORREIO_HOSTNAME=mx.verify.test
CORREIO_ALLOWED_HOSTS=127.0.0.1,localhost
CORREIO_SECRET_KEY=$(head -c 36 /dev/urandom | base64 | tr -d '+/=')
CORREIO_ENCRYPTION_KEYS=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')
POSTGRES_PASSWORD=$(head -c 18 /dev/urandom | od -An -tx1 | tr -d ' \n')
REDIS_PASSWORD=$(head -c 18 /dev/urandom | od -An -tx1 | tr -d ' \n')
CORREIO_HTTPS=0
HTTP_PORT=$WEB_PORT
MX_BIND=127.0.0.1
MX_PORT=$MX_PORT
SUBMISSION_PORT=$SUBMISSION_PORT
SUBMISSIONS_PORT=$SUBMISSIONS_PORT
POP3_BIND=127.0.0.1
POP3_PORT=$POP3_PORT
POP3S_PORT=$POP3S_PORT
ENV
docker build -q --network=host -t correio:latest "$ROOT"

step "up"
compose up -d --no-build
for _ in $(seq 60); do
    waiting=$(docker ps --filter label=com.docker.compose.project=correio_verify --format '{{.Names}} {{.Status}}' | grep -vc '(healthy)' || true)
    [ "$waiting" = 0 ] && break
    sleep 2
done
docker ps --filter label=com.docker.compose.project=correio_verify --format '{{.Names}}\t{{.Status}}'
[ "$waiting" = 0 ] || { echo "not all services became healthy" >&2; exit 1; }

step "a message through all of it"
compose exec -T web python manage.py add_domain verify.test
for who in alice bob; do
    echo "buckwheat and cider" | compose exec -T web python manage.py create_account "$who@verify.test" --password-stdin
done
python3 - "$SUBMISSION_PORT" <<'PY'
import smtplib, ssl, sys
context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=20) as client:
    client.starttls(context=context)
    client.login("alice@verify.test", "buckwheat and cider")
    client.sendmail("alice@verify.test", ["bob@verify.test"], "From: alice@verify.test\r\nTo: bob@verify.test\r\nSubject: compose\r\n\r\nhello\r\n")
PY
COUNT="select count(*) from mailboxmessage e join account a on a.id = e.account_id where a.address = 'bob@verify.test'"
for _ in $(seq 30); do
    found=$(compose exec -T postgres sh -c 'PGPASSWORD=$POSTGRES_PASSWORD psql -h /var/run/postgresql -U correio -d correio -At' <<<"$COUNT")
    [ "$found" = 1 ] && break
    sleep 1
done
[ "$found" = 1 ] || { echo "the message did not reach Bob's mailbox" >&2; exit 1; }
python3 - "$WEB_PORT" <<'PY'
import sys
import urllib.request
with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/", timeout=20) as answer:
    assert answer.status == 200 and b"Correio" in answer.read()
PY

step "restart keeps everything"
compose restart -t 10 postgres redis >/dev/null
for _ in $(seq 30); do
    curl -fs http://127.0.0.1:$WEB_PORT/healthz >/dev/null 2>&1 && break
    sleep 1
done
curl -fs http://127.0.0.1:$WEB_PORT/healthz

step "done: compose starts, delivers, survives a restart"
