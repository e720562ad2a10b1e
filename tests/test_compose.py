"""The deployment keeps its rules: ports, users, secrets, health, networks; and promises only what the program knows."""

import json
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from main.__main__ import VERBS
from main.ports import free_ports
from main.settings import OTHER_VARIABLES, PREFIX, Settings

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
OURS = {name for name, service in SERVICES.items() if service["image"].startswith("pvmon:")}

# The table of who is where: which segments a service touches, and which ports leave the machine.
SEGMENTS = {
    "pvmon": {"field", "access", "web"},
    "collector": {"field", "access", "core"},
    "worker": {"core"},
    "web": {"core", "web"},
    "mosquitto": {"access"},
    "influxdb": {"core"},
    "postgres": {"core"},
    "caddy": {"web"},
}
PORTS = {"mosquitto": {"8883"}, "caddy": {"8443", "8080"}}
SECRETS = {
    "pvmon": {"session_secret", "mqtt_password"},
    "collector": {"mqtt_password", "influx_token", "postgres_password"},
    "worker": {"influx_token", "postgres_password"},
    "web": {"session_secret", "influx_token", "postgres_password"},
    "mosquitto": {"mqtt_ca", "mqtt_cert", "mqtt_key", "mqtt_accounts"},
    "influxdb": {"influx_password", "influx_token"},
    "postgres": {"postgres_password"},
    "caddy": set(),
}
CAPABILITIES = {"caddy": {"NET_BIND_SERVICE"}}
each_service = pytest.mark.parametrize("name", SERVICES)


def _environment(name: str) -> dict[str, str]:
    return dict(SERVICES[name].get("environment", {}))


def test_the_services_are_the_ones_in_the_tables() -> None:
    assert set(SERVICES) == set(SEGMENTS) == set(SECRETS)


@each_service
def test_a_service_is_on_its_segments_and_no_others(name: str) -> None:
    assert set(SERVICES[name]["networks"]) == SEGMENTS[name]


def test_no_segment_joins_field_and_web_but_through_us() -> None:
    assert {n for n, s in SEGMENTS.items() if {"field", "web"} <= s} <= OURS
    assert COMPOSE["networks"]["core"]["internal"] is True


@each_service
def test_only_the_listed_ports_are_published(name: str) -> None:
    published = {port.rpartition(":")[2] for port in SERVICES[name].get("ports", [])}
    assert published == PORTS.get(name, set())


def test_the_broker_is_published_with_certificates_only() -> None:
    config = (ROOT / "docker/mosquitto.conf").read_text("utf-8")
    doors = {door.split()[0]: door for door in config.split("\nlistener ")[1:]}
    assert set(doors) == {"8883", "1883"}
    assert re.search(r"^require_certificate true$", doors["8883"], re.MULTILINE)
    assert re.search(r"^tls_version tlsv1\.[23]$", doors["8883"], re.MULTILINE)
    assert config.count("allow_anonymous false") == 2
    assert "allow_anonymous true" not in config
    assert all("acl_file" in door for door in doors.values())


def test_a_gateway_may_publish_under_its_own_plant_only() -> None:
    lines = (ROOT / "docker/mosquitto.acl").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    own = ["pattern write pv/%u", "pattern write pv/%u/#", "pattern read ack/%u/#"]
    assert rules == [*own, "user collector", "topic read pv/#", "topic write ack/#"]


@each_service
def test_no_service_runs_as_root(name: str) -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", SERVICES[name]["user"])


@each_service
def test_every_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert set(service.get("cap_add", [])) == CAPABILITIES.get(name, set())
    assert "no-new-privileges:true" in service["security_opt"]
    assert {"mem_limit", "pids_limit", "restart"} <= set(service)
    assert not {"privileged", "network_mode", "pid", "ipc", "devices"} & set(service)


@each_service
def test_every_service_tells_whether_it_is_well(name: str) -> None:
    health = SERVICES[name]["healthcheck"]
    assert health["test"][0] == "CMD"
    assert {"interval", "timeout", "retries"} <= set(health)


@each_service
def test_images_have_full_version_tags(name: str) -> None:
    image, digest, _ = SERVICES[name]["image"].partition("${")
    assert bool(digest) is (name not in OURS), "a digest may be given for what others made"
    tag = image.partition(":")[2]
    assert re.match(r"\d+\.\d+(\.\d+)?(-[a-z]+)?$", tag)
    assert tag.count(".") >= (1 if name == "postgres" else 2)


@each_service
def test_secrets_come_from_files_and_reach_only_who_needs_them(name: str) -> None:
    assert set(SERVICES[name].get("secrets", [])) == SECRETS[name]
    for variable, value in _environment(name).items():
        if re.search(r"PASSWORD|TOKEN|SECRET", variable):
            assert variable.endswith("_FILE"), variable
            assert value.removeprefix("/run/secrets/") in SECRETS[name]


def test_every_secret_is_a_file_outside_the_repository() -> None:
    used = set().union(*SECRETS.values())
    assert set(COMPOSE["secrets"]) == used
    assert all(
        set(secret) == {"file"} and secret["file"].startswith("${SECRETS:-./data/secrets}/")
        for secret in COMPOSE["secrets"].values()
    )
    assert "data/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_no_password_stands_in_any_deployment_file() -> None:
    files = [
        "docker-compose.yml",
        ".env.example",
        "Dockerfile",
        *(f"docker/{p.name}" for p in (ROOT / "docker").iterdir() if p.is_file()),
    ]
    planted = re.compile(r"(?i)(password|token|secret)s?\s*[:=]\s*[\"']?(?!/run|\[|\{|\.?/|\$|$)[\w-]{4,}")
    found = {
        f"{name}: {line.strip()}"
        for name in files
        for line in (ROOT / name).read_text("utf-8").splitlines()
        if planted.search(line.partition("#")[0])
    }
    assert found == set()
    assert planted.search("POSTGRES_PASSWORD: hunter22")


@each_service
def test_volumes_are_named_or_read_only(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source, mode = str(volume).partition(":")[0], str(volume).rpartition(":")[2]
        if source.startswith((".", "/")):
            assert mode == "ro", volume
            assert (ROOT / source).exists(), volume
        else:
            assert source in COMPOSE["volumes"], volume
        assert "docker.sock" not in volume


@pytest.mark.parametrize("name", sorted(OURS))
def test_configuration_is_read_only_and_data_is_a_volume_of_its_own(name: str) -> None:
    volumes = SERVICES[name]["volumes"]
    assert "./config:/app/config:ro" in volumes
    data = [volume for volume in volumes if volume.endswith(":/data")]
    assert len(data) == 1
    others = [v for other in OURS - {name} for v in SERVICES[other]["volumes"]]
    assert data[0] not in others


def test_each_role_is_a_verb_of_the_program() -> None:
    commands = {name: SERVICES[name]["command"][0] for name in OURS}
    assert commands == {"pvmon": "run", "collector": "collect", "worker": "work", "web": "serve"}
    assert set(commands.values()) <= set(VERBS)


def test_every_variable_for_the_program_is_a_setting_of_the_program() -> None:
    known = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields} | OTHER_VARIABLES
    given = {v for name in OURS for v in _environment(name)} | set(re.findall(r"\bPVMON_\w+", DOCKERFILE))
    assert given - known == set()
    assert "PVMON_HOST" in given


def test_one_process_is_what_starts_unless_another_profile_is_chosen() -> None:
    chosen = re.search(r"^COMPOSE_PROFILES=(\w+)$", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)
    assert chosen is not None
    started = {n for n, s in SERVICES.items() if chosen.group(1) in s.get("profiles", [chosen.group(1)])}
    assert started == {"pvmon", "mosquitto", "caddy"}


def test_the_roles_of_a_server_share_their_stores() -> None:
    shared = {name for name in OURS if _environment(name).get("PVMON_STORE") == "influx"}
    assert shared == {"collector", "worker", "web"}
    assert all(_environment(name)["PVMON_RECORDS_URL"].startswith("postgresql") for name in shared)


def test_every_variable_of_compose_is_in_the_example() -> None:
    text = re.sub(r"#.*", "", (ROOT / "docker-compose.yml").read_text("utf-8"))
    asked = set(re.findall(r"\$\{(\w+)", text))
    offered = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    assert asked <= offered
    assert offered - asked == {"COMPOSE_PROFILES"}


# the image


def test_the_image_is_not_root_and_installs_by_hash() -> None:
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)
    assert users == ["10001:10001"]
    assert "--require-hashes" in DOCKERFILE
    assert not re.search(r"\b(curl|wget|apt-get|ADD https?)\b", DOCKERFILE)


def test_base_images_have_full_version_tags() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 2
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-bookworm", base) for base in bases)


def test_the_image_gets_every_folder_that_runs_and_nothing_else() -> None:
    allowed = set(re.findall(r"^!(\w+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE)) - {
        "LICENSE"
    }
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - {"tests", "bench"} <= allowed
    assert allowed - packages == {"config"}
    assert not allowed & {"tests", "bench", "data", "tools"}


def test_the_entry_point_is_the_command_itself() -> None:
    entry = re.search(r"^ENTRYPOINT (\[.+\])$", DOCKERFILE, re.MULTILINE)
    assert entry is not None
    words = json.loads(entry.group(1))
    assert words[:3] == ["python", "-m", "main"]
    done = subprocess.run(
        [sys.executable, *words[1:3], "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_believes_the_answer(status: int, code: int) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        assert _health(f"http://127.0.0.1:{server.server_port}/livez") == code
        server.shutdown()


def test_the_health_check_fails_where_nobody_listens_and_asks_nobody_else() -> None:
    assert _health(f"http://127.0.0.1:{free_ports(1)[0]}/livez") == 1
    assert _health("http://example.org/livez") == 1


def _health(url: str) -> int:
    return subprocess.run(
        [sys.executable, "docker/healthy.py", url], cwd=ROOT, capture_output=True, check=False
    ).returncode
