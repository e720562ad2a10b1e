# One image for every role: `run` (one process), `collect`, `work`, `serve`, `simulate`, `check`, `doctor`.
# Dependencies come from the lock with hashes; nothing is fetched when the container starts.

FROM python:3.11.13-slim-bookworm AS dependencies
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements-server.txt /tmp/requirements.txt
RUN /venv/bin/pip install --require-hashes --only-binary :all: -r /tmp/requirements.txt \
    && /venv/bin/pip uninstall --yes pip

FROM python:3.11.13-slim-bookworm
LABEL org.opencontainers.image.title="pvmon" org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TZ=UTC \
    LANG=C.UTF-8 \
    PVMON_LANG=zh
RUN groupadd --gid 10001 pvmon \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin pvmon \
    && install -d -o 10001 -g 10001 -m 0750 /data /data/config
COPY --from=dependencies /venv /venv
COPY . /app
RUN python -m compileall -q /app
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8050
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "docker/healthy.py", "http://127.0.0.1:8050/livez"]
ENTRYPOINT ["python", "-m", "main", "--config", "/app/config", "--data", "/data"]
CMD ["run"]
