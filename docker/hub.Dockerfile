# The server: campus-hub, without a camera library. Build it at the root of the repository:
#   docker build -f docker/hub.Dockerfile -t campuswatch-hub .
# Behind a package mirror, give pip its own configuration:  --secret id=pip,src=$HOME/.config/pip/pip.conf

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/campuswatch
COPY .ci/lock/hub.txt lock.txt
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/campuswatch/bin/pip install --no-cache-dir --require-hashes --no-deps -r lock.txt
COPY pyproject.toml LICENSE ./
COPY devices devices
COPY edge_agent edge_agent
COPY hub hub
RUN /opt/campuswatch/bin/pip install --no-cache-dir --no-deps --no-build-isolation --no-index .

FROM python:3.11-slim-bookworm
ENV PATH=/opt/campuswatch/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --home-dir /var/lib/campuswatch --create-home --shell /usr/sbin/nologin campuswatch
COPY --from=build /opt/campuswatch /opt/campuswatch
USER campuswatch
WORKDIR /var/lib/campuswatch
# The only place it writes to; everything else may be read-only.
VOLUME /var/lib/campuswatch
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["campus-hub"]
CMD ["run", "--config", "/etc/campuswatch/hub.yaml"]
