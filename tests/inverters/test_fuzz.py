"""A short share of the fuzz campaign: random bytes crash nothing, and nothing impossible is told as good."""

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bench.fuzz_decode as campaign
from bench.fuzz_coverage import Steered, one
from domain.measurement import Batch
from inverters.profile import FOLDER, lint
from tests.inverters.support import NOON


@pytest.mark.parametrize("target", campaign.TARGETS)
def test_random_bytes_crash_no_decoder_and_no_parser(target: str) -> None:
    assert campaign.fuzz(target, 300, seed=20260701) == []


def test_a_planted_error_is_found_and_can_be_had_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def planted(rng: Random) -> None:
        if rng.random() < 0.1:
            raise IndexError("planted")

    monkeypatch.setattr(campaign, "TARGETS", {"planted": planted})
    failures = campaign.fuzz("planted", 200)
    assert 5 < len(failures) < 50
    assert campaign.fuzz("planted", 200) == failures
    assert (
        campaign.run(runs=200)["fuzz_first_failure"]
        == f"planted seed 1 run {failures[0].run}: IndexError: planted"
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 5e9])
def test_a_wrong_value_told_as_good_counts_as_a_failure(
    value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(_rng: Random) -> None:
        campaign._hold(Batch("d", NOON, ("ac_active_power_w",), (value,)))

    monkeypatch.setattr(campaign, "TARGETS", {"wrong": wrong})
    assert len(campaign.fuzz("wrong", 1)) == 1


def test_a_campaign_is_gone_on_with_where_it_was_broken_off(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    campaign.run(runs=100, seed=7, ledger=ledger)
    half = campaign.Ledger.of(ledger, 1)
    assert (half.seed, half.total) == (7, campaign.Ledger.of(ledger, 7).total)
    figures = campaign.run(runs=300, ledger=ledger)
    whole = campaign.Ledger.of(ledger, 1)
    assert figures["fuzz_runs"] == whole.total >= 300
    assert all(whole.runs[target] > half.runs[target] for target in campaign.TARGETS)


def test_no_bytes_are_tried_twice_and_a_failure_stays_in_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []

    def planted(rng: Random) -> None:
        seen.append(rng.random())
        if len(seen) == 3:
            raise IndexError("planted")

    monkeypatch.setattr(campaign, "TARGETS", {"planted": planted})
    failures = [campaign.run(runs=runs, ledger=tmp_path / "it.json")["fuzz_failures"] for runs in (10, 20)]
    assert (len(seen), len(set(seen)), failures) == (20, 20, [1.0, 1.0])


@settings(deadline=None, max_examples=200)
@given(data=st.binary(max_size=300))
def test_bytes_led_by_coverage_crash_nothing(data: bytes) -> None:
    assert one(data) in {"", *campaign.TARGETS}


def test_every_target_is_reached_by_coverage_and_its_bytes_are_the_dice() -> None:
    reached = [one(bytes([number]) + bytes(range(256))) for number in range(len(campaign.TARGETS))]
    assert reached == list(campaign.TARGETS)
    assert Steered(b"\x00\x80").random() == 0.5
    assert Steered(b"\x03\x01").getrandbits(9) == 0x103
    assert [Steered(b"\x02").choice("abcd") for _ in range(2)] == ["c", "c"]
    assert Steered(b"").random() == Steered(b"").random()
    assert {one(bytes([number, 7, 7]), ["frames", "meters"]) for number in range(4)} == {"frames", "meters"}
    assert one(b"\x03abc", []) == "", "the parsers alone"


FILES = sorted(FOLDER.glob("*.yaml"))


@settings(deadline=None, max_examples=60)
@given(name=st.sampled_from(FILES), seed=st.integers(0, 2**32))
def test_a_profile_somebody_spoilt_is_told_and_never_crashes(name: Path, seed: int) -> None:
    rng = Random(seed)
    lines = name.read_text("utf-8").splitlines()
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(len(lines))
        line = lines[place]
        cut = rng.randrange(len(line) + 1)
        strange = rng.choice(
            ["", "x", "-1", "{", "]", ": ", "99999999999", ".nan", "null", "[1, [2]]", "\t", "é"]
        )
        lines[place] = rng.choice([line[:cut] + strange + line[cut:], line[:cut], strange, line + line])
    text = "\n".join(lines)
    with TemporaryDirectory() as folder:
        path = Path(folder) / name.name
        path.write_text(text, "utf-8")
        for problem in lint([path]):
            assert 1 <= problem.line <= text.count("\n") + 2
            assert problem.message
