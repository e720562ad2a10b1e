"""No secret reaches the log: by value, by form, in messages, arguments and traces."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from main.masking import MASK
from main.settings import load_settings
from main.waiting import log_to

SECRET = "7d3f0c1be94a5528aa61f0e2"
TOKEN = "pvmon_0123456789ab_" + "Ab3-_" * 8 + "xyz"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    log_to(tmp_path, "debug", [SECRET])
    yield tmp_path
    for handler in list(root.handlers):
        handler.close()
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.parametrize(
    ("said", "hidden"),
    [
        (f"token {SECRET} refused", SECRET),
        (f"GET /api with {TOKEN}", TOKEN),
        ("Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
        ("otpauth://totp/pvmon:li?secret=ABCDEFGH", "ABCDEFGH"),
        ("postgresql+psycopg://pvmon:hunter22@db/pvmon", "hunter22"),
    ],
)
def test_a_secret_is_masked_wherever_it_stands(folder: Path, said: str, hidden: str) -> None:
    log = logging.getLogger("somebody")
    log.warning(said)
    log.warning("an argument: %s", said)
    try:
        int(said)
    except ValueError:
        log.exception("a trace")
    text = (folder / "pvmon.log").read_text("utf-8")
    assert hidden not in text
    assert text.count(MASK) >= 3
    assert "a trace" in text


def test_what_is_no_secret_is_left_as_it_is(folder: Path) -> None:
    line = "plant dajing-01: 12.5 kW at http://127.0.0.1:8050/app/ by pvmon"
    logging.getLogger("somebody").warning(line)
    assert line in (folder / "pvmon.log").read_text("utf-8")


def test_the_settings_tell_every_secret_they_hold(tmp_path: Path) -> None:
    fields = ("session_secret_file", "metrics_token_file", "records_password_file")
    given = {}
    for place, field in enumerate(fields):
        path = tmp_path / field
        path.write_text(f"{SECRET}{place}")
        given[field] = path
    settings = load_settings({}, data_dir=tmp_path, **given)
    assert set(settings.secret_values()) == {f"{SECRET}{place}" for place in range(3)}
