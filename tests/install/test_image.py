"""The container image: built as the Dockerfile says, and run as the documents say."""

from __future__ import annotations

import json
from pathlib import Path

from tests.install.image import TAG, Images, built
from tests.lines import blocked

_AS_A_CONTAINER = "--ulimit=nofile=1024:1024 --ulimit=nproc=1000:1000 --cgroups=disabled --network=none"


def test_image_is_built_and_does_what_it_says(tmp_path: Path) -> None:
    # One test: workers that share the tests among them would each build it.
    with built() as images:
        _says_what_it_is_and_how_it_is_run(images)
        _serves_with_nothing_to_write_to_but_its_state(images, tmp_path)
        _health_check_fails_when_nobody_answers(images)


def _says_what_it_is_and_how_it_is_run(images: Images) -> None:
    (image,) = json.loads(images.call("image", "inspect", TAG))

    config = image["Config"]
    assert config["User"] == "65532:65532"
    assert config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert config["StopSignal"] == "SIGTERM"
    assert list(config["ExposedPorts"]) == ["10048/tcp"]
    health = json.loads(images.call("image", "inspect", "--format", "{{json .HealthCheck}}", TAG))
    assert health["Test"] == ["CMD", "configmgr-exporter", "healthcheck"]
    (base,) = json.loads(images.call("image", "inspect", "python:3.13-slim-bookworm"))
    assert image["Size"] - base["Size"] < 90e6, "what we add to Python"


def _serves_with_nothing_to_write_to_but_its_state(images: Images, tmp_path: Path) -> None:
    logs = tmp_path / "logs" / "chi"
    logs.mkdir(parents=True)
    (logs / "distmgr.log").write_bytes(blocked("CEN00021"))
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yml").write_text("sites: [{site: CHI, logs: /logs/chi}]\n")
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)

    done = images.script(f"""
        trap '{images.podman} rm --force --time 0 served >/dev/null' EXIT
        {images.podman} run --detach --name served --read-only {_AS_A_CONTAINER} \
            --volume {tmp_path}/config:/etc/configmgr-exporter:ro --volume {tmp_path}/logs:/logs:ro {TAG} >/dev/null
        tries=0
        until {images.podman} healthcheck run served >/dev/null 2>&1; do
            tries=$((tries + 1)); test $tries -lt 100 || break; sleep 0.2
        done
        {images.podman} healthcheck run served && echo healthy
        {images.podman} exec served id -u
        {images.podman} exec served configmgr-exporter --version
        {images.podman} exec served touch /etc/anything && echo WRITABLE
        {images.podman} exec served python3 -c '
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:10048/metrics").read().decode())'
        {images.podman} stop --time 20 served >/dev/null
        {images.podman} inspect served --format 'ended {{{{.State.ExitCode}}}}'
        {images.podman} logs served 2>&1
    """)

    assert "healthy" in done.stdout, done.stderr
    assert "\n65532\n" in done.stdout
    assert ", scanner compiled\n" in done.stdout
    assert "WRITABLE" not in done.stdout
    assert "Read-only file system" in done.stderr
    assert 'configmgr_site_blocked_task_sequences{site="CHI"} 1.0' in done.stdout
    assert "ended 0" in done.stdout
    assert "Stopped; the state is saved" in done.stdout
    assert done.returncode == 0, done.stderr


def _health_check_fails_when_nobody_answers(images: Images) -> None:
    done = images.script(f"{images.podman} run --rm --read-only {_AS_A_CONTAINER} {TAG} healthcheck")

    assert done.returncode == 1
    assert "no answer: [Errno 111] Connection refused" in done.stderr
