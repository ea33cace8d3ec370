# Built in two steps, so that the image holds neither pip's cache nor the tools that made the wheel. Both steps install
# from hash-checked locks: requirements/build.txt to make the wheel, requirements/run.txt to run.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 CONFIGMGR_EXPORTER_COMPILED=always
# hadolint ignore=DL3008  # the compiler of the base image's Debian, whichever that is
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev
WORKDIR /src
COPY requirements/build.txt requirements/run.txt requirements/
RUN python -m venv --without-pip /opt/configmgr-exporter \
    && python -m pip --python /opt/configmgr-exporter install --require-hashes --requirement requirements/run.txt \
    && python -m pip install --require-hashes --requirement requirements/build.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY exporter exporter
RUN python -m pip wheel --no-deps --no-build-isolation --no-index --wheel-dir dist . \
    && python -m pip --python /opt/configmgr-exporter install --no-deps --no-index dist/*.whl

FROM python:${PYTHON}-slim-bookworm
LABEL org.opencontainers.image.title="configmgr-exporter" \
      org.opencontainers.image.description="Says from Configuration Manager's own logs what is stuck, where, why, and what to do" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/configmgr-exporter /opt/configmgr-exporter
# Numeric, so that an orchestrator can see that it is not root. The state is all that is ever written: the root file
# system may be read-only when a volume is mounted there.
RUN install --directory --owner=65532 --group=65532 --mode=0750 /var/lib/configmgr-exporter
USER 65532:65532
ENV PATH=/opt/configmgr-exporter/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
VOLUME /var/lib/configmgr-exporter
EXPOSE 10048
# Where it listens with TLS, under another path or on another port: set CONFIGMGR_EXPORTER_URL. It must be ready to
# answer within two minutes of its start; logs that take longer are read while it answers.
HEALTHCHECK --interval=30s --timeout=10s --start-period=2m CMD ["configmgr-exporter", "healthcheck"]
# SIGTERM ends it cleanly, the state saved.
STOPSIGNAL SIGTERM
ENTRYPOINT ["configmgr-exporter"]
CMD ["run", "--config.file=/etc/configmgr-exporter/config.yml", "--state.dir=/var/lib/configmgr-exporter"]
