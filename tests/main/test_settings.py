"""Settings: documented, strict, and no weak secret gets in."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from domain.errors import ConfigurationError
from main.settings import PREFIX, Settings, load_settings, weakness
from tests.conftest import ROOT

GOOD = "9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c"


def test_every_field_is_documented_with_its_variable_default_and_description() -> None:
    rows = {
        cells[1].strip(" `"): cells
        for line in (ROOT / "docs/settings.md").read_text("utf-8").splitlines()
        if line.startswith("| `") and (cells := line.split("|"))
    }
    assert set(rows) == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        cells = rows[name]
        assert cells[2].strip(" `") == f"{PREFIX}{name.upper()}"
        expected = "—" if field.default in (None, "") else str(field.default)
        assert cells[3].strip(" `") == expected, name
        assert field.description
        assert cells[4].strip() == field.description


def test_defaults_run_an_embedded_instance() -> None:
    settings = load_settings({})
    assert (settings.port, settings.store, settings.live_days, settings.archive_years) == (
        8050,
        "duckdb",
        90,
        3,
    )
    assert settings.overlay_dir == Path("data/config")


def test_the_environment_is_read_and_the_command_line_wins() -> None:
    settings = load_settings({"PVMON_PORT": "9000", "PVMON_HOST": "0.0.0.0"}, port=9001, host=None)
    assert (settings.port, settings.host) == (9001, "0.0.0.0")


def test_the_process_environment_stays_out_when_a_mapping_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PVMON_PORT", "9999")
    assert load_settings({}).port == 8050
    assert load_settings().port == 9999
    assert Settings().port == 9999


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(
            {"PVMON_PROT": "1", "PVMON_PORT": "x", "PVMON_STORE": "mongo", "DASH_MCP_ENABLED": "true"}
        )
    said = str(caught.value)
    assert "PVMON_PROT: there is no such setting; did you mean PVMON_PORT?" in said
    assert "PVMON_PORT: " in said
    assert "PVMON_STORE: " in said
    assert "DASH_MCP_ENABLED: " in said


def test_settings_are_frozen_and_refuse_strange_fields() -> None:
    settings = load_settings({})
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]
    with pytest.raises(ConfigurationError, match="COLOUR"):
        load_settings({}, colour="red")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"PVMON_STORE": "influx"}, "PVMON_INFLUX_URL"),
        ({"PVMON_MQTT_USER": "u"}, "PVMON_MQTT_PASSWORD_FILE"),
        ({"PVMON_RECORDS_URL": "postgresql://u:hidden77@db/pvmon"}, "PVMON_RECORDS_PASSWORD_FILE"),
        ({"PVMON_PUBLIC_URL": "http://pv.example.cn"}, "https"),
        ({"PVMON_MQTT_URL": "mqtt://u:hidden77@broker"}, "PVMON_MQTT_URL"),
        ({"PVMON_LIVE_DAYS": "1"}, "PVMON_LIVE_DAYS"),
    ],
)
def test_values_that_cannot_work_are_refused_without_repeating_secrets(
    environment: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(words)) as caught:
        load_settings(environment)
    assert "hidden77" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "http://127.0.0.1:8050", "http://localhost/pv", "https://pv.example.cn/x"]
)
def test_plain_http_is_for_the_own_machine(url: str) -> None:
    assert load_settings({"PVMON_PUBLIC_URL": url}).public_url == url


@pytest.mark.parametrize("off", ["", "0", "false", "No"])
def test_a_forbidden_variable_that_is_off_is_no_fault(off: str) -> None:
    assert load_settings({"DASH_MCP_ENABLED": off}).port == 8050


def test_a_forbidden_variable_stops_settings_made_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASH_MCP_ENABLED", "1")
    with pytest.raises(ValidationError, match="DASH_MCP_ENABLED"):
        Settings()


def test_secrets_come_from_files_and_do_not_show(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{GOOD}\n", "utf-8")
    settings = load_settings(
        {"PVMON_STORE": "influx", "PVMON_INFLUX_URL": "http://db:8086", "PVMON_INFLUX_TOKEN_FILE": str(path)}
    )
    token = settings.influx_token()
    assert isinstance(token, SecretStr)
    assert token.get_secret_value() == GOOD
    assert GOOD not in repr(settings) + str(token)
    assert settings.mqtt_password() is None


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "short",
        "a" * 40,
        "abababababababababab",
        "changeme-changeme-1",
        "password12345678",
        "pvmon-secret-token",
    ],
)
def test_weak_secrets_stop_the_start_and_are_not_repeated(tmp_path: Path, secret: str) -> None:
    path = tmp_path / "secret"
    path.write_text(secret, "utf-8")
    with pytest.raises(ConfigurationError, match="PVMON_SESSION_SECRET_FILE") as caught:
        load_settings({"PVMON_SESSION_SECRET_FILE": str(path)})
    assert "openssl rand" in str(caught.value)
    assert not secret or secret not in str(caught.value)


def test_a_random_secret_is_strong() -> None:
    assert weakness(GOOD) == ""


def test_a_secret_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_settings({"PVMON_SESSION_SECRET_FILE": str(tmp_path / "none")})
