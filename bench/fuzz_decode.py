"""Fuzz campaign: random bytes into every decoder and frame parser; nothing may crash or be wrongly good.

``python -m bench.fuzz_decode --runs 1000000 --seed 7`` goes on as long as one likes; a failure prints target,
seed and number of the run, which give the same bytes again. With ``--ledger FILE`` a campaign is broken off and
gone on with: what was run stands there, and no bytes are tried twice. Besides not crashing, every value that is
told as good must be a number inside what its quantity can be.
"""

import argparse
import json
import math
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from time import perf_counter

from collectors.sparkplug import Sparkplug
from domain.errors import PvmonError
from domain.measurement import Batch, Quality, Sample, WordBlock
from domain.plant import Device
from domain.quantity import quantity
from inverters.codes import active_codes, device_state
from inverters.decode import Decoder
from inverters.dlt645 import (
    LIVE_IDENTIFIERS,
    decode_identifier,
    encode_identifier,
    meter_quantities,
)
from inverters.document_path import PathError, parse_path
from inverters.frame_reading import read_frame
from inverters.frames import (
    bcd_number,
    crc16,
    dlt645_address,
    dlt645_answer,
    dlt645_frames,
    gdw3761_frame,
    rtu_registers,
)
from inverters.mapping import MappedDevice, Message
from inverters.plan import plan
from inverters.profile import DeviceProfile, load_profiles, resolve
from inverters.remap import RemapDecoder, RemappedDevice
from inverters.sparkplug import Metric, Payload, SparkplugError, encode_payload
from inverters.sunspec import sunspec_map, sunspec_next
from inverters.words import decode_words

_KINDS = ("NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH", "DDEATH")
_NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
_WORDS = (0, 0xFFFF, 0x8000, 0x7FFF, 0x7FC0, 0x4EFF, 1, 0xB000, 0x5375, 0x6E53)
_STRANGE: tuple[object, ...] = (
    None,
    True,
    "",
    "5",
    "1e400",
    "x",
    [],
    {},
    -1,
    2**80,
    1e308,
    float("nan"),
    "2026-07-01T12:00:00",
)


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong in one run, and how to have it again."""

    target: str
    seed: int
    run: int
    reason: str


def _bytes(rng: Random, count: int) -> bytes:
    """Return random bytes, now and then made of the words devices use for something special."""
    if rng.random() < 0.4:
        words = (
            rng.choice(_WORDS) if rng.random() < 0.6 else rng.getrandbits(16) for _ in range(count // 2 + 1)
        )
        return b"".join(word.to_bytes(2) for word in words)[:count]
    return rng.randbytes(count)


@cache
def _profiles() -> tuple[DeviceProfile, ...]:
    return tuple(one for one in load_profiles().values() if one.points)


@cache
def _decoder(name: str, *, everything: bool, ratio: float) -> Decoder:
    profile = next(one for one in _profiles() if one.name == name)
    blocks = (*plan(profile), *plan(profile, what="identity"))
    return Decoder(profile, blocks, ct_ratio=ratio, pt_ratio=1.0, everything=everything)


def _hold(batch: Batch) -> None:
    """Hold a batch to its promise."""
    for number, (name, value) in enumerate(zip(batch.quantities, batch.values, strict=True)):
        good = batch.qualities is None or batch.qualities[number] is Quality.GOOD
        known = quantity(name)
        if value is not None and (not math.isfinite(value) or (good and not known.can_be(value))):
            raise AssertionError(f"{name} = {value!r} is told as good")
    for name, text in batch.texts.items():
        if not text.isprintable():
            raise AssertionError(f"{name} = {text!r}")


def _registers(rng: Random) -> None:
    profile = rng.choice(_profiles())
    decoder = _decoder(profile.name, everything=rng.random() < 0.3, ratio=rng.choice((1.0, 60.0)))
    blocks = []
    for read in decoder.blocks:
        cut = rng.randrange(read.count) if rng.random() < 0.1 else read.count
        if rng.random() < 0.9:
            blocks.append(WordBlock(read.function, read.address, _bytes(rng, cut * 2)))
    batch = decoder.decode(Sample("fuzz", _NOON, _NOON, tuple(blocks)))
    _hold(batch)
    device_state(profile.name, batch)
    active_codes(profile.name, batch)


def _documents(rng: Random) -> None:
    profile = load_profiles_json()
    names = (*profile.json_points, "dc_string_07_current_a", "nobody", "serial_number")
    values = {
        rng.choice(names): rng.choice((*_STRANGE, rng.uniform(-1e9, 1e9))) for _ in range(rng.randrange(8))
    }
    document = {"format": rng.choice((1, 1, 1, 2, "1", None)), "time": rng.choice(_STRANGE), "values": values}
    if rng.random() < 0.1:
        document.pop(rng.choice(list(document)))
    _hold(Decoder(profile).decode_document(Sample("fuzz", _NOON, _NOON, (), document)))


def _mapped(rng: Random) -> None:
    device = rng.choice(_mapped_devices())
    rows = [
        {"name": rng.choice(("1_P", "1_E", "1_F", "x", 7)), "value": rng.choice(_STRANGE)}
        for _ in range(rng.randrange(5))
    ]
    values = {
        rng.choice(("pvpowerout", "eactotal", "pvstatus", "pvserial")): rng.choice(
            (*_STRANGE, rng.uniform(-1e9, 1e9))
        )
        for _ in range(rng.randrange(6))
    }
    document: object = {
        "device": rng.choice(("S", 5, None)),
        "time": rng.choice((*_STRANGE, "20260701115900", "2026-07-01 11:59:00", rng.random() * 1e14)),
        "buffered": rng.choice(("yes", "no", None, [])),
        "values": rng.choice((values, rows, None)),
        "rw_prot": rng.choice(({"r_data": rows}, {"r_data": values}, rows, 3)),
        "1_P": rng.choice(_STRANGE),
    }
    if rng.random() < 0.1:
        document = rng.choice(_STRANGE)
    for reading in device.read(Message("a/b", document, _NOON)):
        _hold(reading.batch)
        if reading.batch.measured_at > _NOON + timedelta(days=1):
            raise AssertionError(f"measured at {reading.batch.measured_at}, which has not come yet")


def _sparkplug(rng: Random) -> None:
    """A node that is born and goes on; half of what it says is damaged."""
    reader = Sparkplug()
    names = ("ac_active_power_w", "device_status", "bdSeq", "x", "")
    for kind in ("NBIRTH", "DBIRTH", *(rng.choice(_KINDS) for _ in range(3))):
        metrics = tuple(
            Metric(
                rng.choice(names),
                rng.choice((None, True, "5", rng.uniform(-1e9, 1e9), math.inf)),
                rng.choice((None, rng.randrange(4))),
                rng.choice((None, rng.getrandbits(64))),
                rng.random() < 0.2,
                rng.choice((None, 0, 192)),
            )
            for _ in range(rng.randrange(4))
        )
        data = bytearray(encode_payload(Payload(metrics, rng.getrandbits(41), rng.randrange(256))))
        for _ in range(rng.choice((0, 0, 1, 3)) if data else 0):
            data[rng.randrange(len(data))] = rng.getrandbits(8)
        payload = bytes(data) if rng.random() < 0.9 else _bytes(rng, rng.randrange(60))
        topic = f"spBv1.0/g/{kind}/n" + ("/fuzz" if kind[0] == "D" else "")
        with suppress(SparkplugError):
            document = reader.read(topic, payload)
            for device in _mapped_devices() if document is not None else ():
                for reading in device.read(Message(topic, document, _NOON)):
                    _hold(reading.batch)


@cache
def _mapped_devices() -> tuple[MappedDevice, ...]:
    return tuple(
        MappedDevice(one.mapping, Device("fuzz", "p", one.kind, "fuzz", one.name, "g", 1, serial_number="S"))
        for one in load_profiles().values()
        if one.mapping is not None
    )


def _expressions(rng: Random) -> None:
    text = "".join(rng.choice("$@.[]?*='{}unitserial0-1 ab") for _ in range(rng.randrange(20)))
    with suppress(PathError):
        parse_path(rng.choice(("", "$", "$.a", "@")) + text).for_device(1, "S").find(
            {"a": [1, {"b": 2}]}, {}, "a/b"
        )


@cache
def load_profiles_json() -> DeviceProfile:
    """Return the profile of our own JSON documents."""
    return load_profiles()["pvmon_json"]


def _frames(rng: Random) -> None:
    frame = _bytes(rng, rng.randrange(1, 260))
    kind = rng.randrange(4)
    if kind == 0:
        frame = bytes([rng.randrange(248), rng.choice((3, 4, 0x83, 6))]) + frame
        frame += crc16(frame).to_bytes(2, "little")
    elif kind == 1:
        frame = (
            struct.pack(">HHHBB", rng.getrandbits(16), 0, len(frame) + 2, 1, rng.choice((3, 4, 0x84))) + frame
        )
    elif kind == 2:
        body = b"\x68" + rng.randbytes(6) + b"\x68" + bytes([rng.choice((0x91, 0xB1, 0xD1, 0x11))])
        body += bytes([len(frame) & 0xFF]) + frame[: len(frame) & 0xFF]
        frame = b"\xfe" * rng.randrange(5) + body + bytes([sum(body) & 0xFF, 0x16])
    reading = read_frame(frame)
    if not reading.holds and reading.registers:
        raise AssertionError(f"registers out of {frame.hex()}, which does not hold")
    for parse in (rtu_registers, dlt645_answer, gdw3761_frame):
        _allowed(lambda parse=parse: parse(frame))  # type: ignore[misc]
    for whole in dlt645_frames(frame):
        _allowed(lambda whole=whole: dlt645_address(whole))  # type: ignore[misc]


def _meters(rng: Random) -> None:
    identifier = rng.choice(("00{:02X}{:02X}{:02X}", "02{:02X}{:02X}{:02X}", "04{:02X}{:02X}{:02X}")).format(
        rng.choice((0, 1, 2, 3, 0x80, rng.randrange(256))),
        rng.choice((0, 1, 4, 0xFF, rng.randrange(256))),
        rng.choice((0, 1, 2, rng.randrange(256))),
    )
    content = _bytes(rng, rng.choice((2, 3, 4, 6, 9, 20, rng.randrange(24))))
    for value in decode_identifier(identifier, content, ct_ratio=60):
        if value.value is not None and not math.isfinite(value.value):
            raise AssertionError(f"{identifier} {content.hex()} = {value.value!r}")
    bcd_number(content, rng.randrange(6), signed=rng.random() < 0.5)


def _encoded(rng: Random) -> None:
    """Hold what the virtual field says of a meter against what we read of it."""
    identifier = rng.choice(LIVE_IDENTIFIERS)
    values = {
        name: rng.choice((0.0, rng.uniform(-1e3, 1e3), rng.uniform(0, 9e6), math.nan))
        for name in meter_quantities()
    }
    content = encode_identifier(identifier, values, ct_ratio=60)
    for value in decode_identifier(identifier, content or b"", ct_ratio=60):
        if (value.value is None) != math.isnan(values[value.name]):
            raise AssertionError(f"{value.name} = {values[value.name]!r} comes back as {value.value!r}")


def _models(rng: Random) -> None:
    memory = [
        WordBlock(3, address, _bytes(rng, rng.randrange(2, 60) * 2))
        for address in (40000, 40002, 0, 50000, rng.randrange(0xFF00))
    ]
    if rng.random() < 0.8:
        models = b"".join(
            struct.pack(">HH", rng.choice((1, 101, 103, 113, 160, rng.randrange(0xFFFF))), length)
            + bytes(length * 2)
            for length in (rng.choice((50, 60, 66, 48, rng.randrange(300))) for _ in range(rng.randrange(5)))
        )
        memory.append(WordBlock(3, 40000, b"SunS" + models + rng.choice((b"\xff\xff\0\0", b""))))
    sunspec_next(memory)
    found = sunspec_map(memory)
    profile = resolve(next(one for one in _profiles() if one.name == "sunspec"), found)
    reads = plan(profile)
    words = tuple(WordBlock(read.function, read.address, _bytes(rng, read.count * 2)) for read in reads)
    _hold(Decoder(profile, reads).decode(Sample("fuzz", _NOON, _NOON, words)))


def _remapped(rng: Random) -> None:
    inverter = next(one for one in _profiles() if one.name == "huawei_smartlogger_inverter")
    numbers = rng.sample(range(1, 248), rng.randrange(1, 6))
    decoder = RemapDecoder({number: RemappedDevice(f"inv-{number}", inverter) for number in numbers})
    words = tuple(
        WordBlock(3, read.address, _bytes(rng, rng.randrange(1, 126) * 2)) for read in decoder.reads
    )
    for batch in decoder.decode(Sample("logger", _NOON, _NOON, words)):
        _hold(batch)


def _plain(rng: Random) -> None:
    types = ("u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "acc32", "BITS", "strange")
    registers = [rng.getrandbits(16) for _ in range(rng.randrange(6))]
    decode_words(
        registers, rng.choice(types), word_order=rng.choice(("big", "little")), scale=rng.choice((1, 0.1))
    )


TARGETS: Mapping[str, Callable[[Random], None]] = {
    "registers": _registers,
    "documents": _documents,
    "frames": _frames,
    "meters": _meters,
    "encoded": _encoded,
    "models": _models,
    "remapped": _remapped,
    "plain": _plain,
    "mapped": _mapped,
    "sparkplug": _sparkplug,
    "expressions": _expressions,
}
_COSTLY = {
    "models": 1,
    "registers": 2,
    "sparkplug": 1,
}  # a run of these takes many times as long: a smaller share of the runs
_USUAL = 4
_SLICE = 35_000  # runs between two entries in the ledger


def _allowed(work: Callable[[], object]) -> None:
    """Do ``work``; an error raised on purpose is an answer too."""
    try:
        work()
    except PvmonError:
        return


def fuzz(target: str, runs: int, seed: int = 1, first: int = 0) -> list[Failure]:
    """Run one target ``runs`` times from number ``first`` on and return what failed; each run has its own bytes."""
    work, failures = TARGETS[target], []
    for number in range(first, first + runs):
        rng = Random(f"{target} {seed} {number}")
        try:
            _allowed(lambda rng=rng: work(rng))  # type: ignore[misc]
        except Exception as error:  # noqa: BLE001 (finding any error is what this is for)
            failures.append(Failure(target, seed, number, f"{type(error).__name__}: {error}"))
    return failures


def shares(total: int) -> dict[str, int]:
    """Return how many of ``total`` runs each target gets; at least one."""
    weights = {target: _COSTLY.get(target, _USUAL) for target in TARGETS}
    return {target: max(1, total * weight // sum(weights.values())) for target, weight in weights.items()}


@dataclass
class Ledger:
    """What a campaign has run of each target until now, with one seed, and what failed; kept in a file or not."""

    seed: int
    runs: dict[str, int]
    failures: list[Failure]
    path: Path | None = None

    @classmethod
    def of(cls, path: Path | None, seed: int) -> "Ledger":
        """Return the ledger of a file, an empty one where there is none yet."""
        if path is None or not path.exists():
            return cls(seed, {}, [], path)
        told = json.loads(path.read_text("utf-8"))
        return cls(int(told["seed"]), told["runs"], [Failure(**one) for one in told["failures"]], path)

    @property
    def total(self) -> int:
        """How many runs were made."""
        return sum(self.runs.values())

    def go_on(self, runs: int) -> None:
        """Run so many more, each target its share, and write it down."""
        for target, share in shares(runs).items():
            first = self.runs.get(target, 0)
            self.failures += fuzz(target, share, self.seed, first)
            self.runs[target] = first + share
        if self.path is not None:
            failures = [asdict(failure) for failure in self.failures]
            told = {"seed": self.seed, "runs": self.runs, "failures": failures}
            self.path.write_text(json.dumps(told, indent=1), "utf-8")


def run(
    quick: bool = False, runs: int = 0, seed: int = 1, ledger: Path | None = None
) -> dict[str, float | str]:
    """Run until so many runs were made, those of the ledger counted; figures are runs, failures and pace."""
    done = Ledger.of(ledger, seed)
    total, before, begun = runs or (2_000 if quick else 200_000), done.total, perf_counter()
    while done.total < total:
        done.go_on(min(_SLICE, total - done.total))
    figures: dict[str, float | str] = {
        "fuzz_runs": float(done.total),
        "fuzz_failures": float(len(done.failures)),
        "fuzz_runs_per_s": (done.total - before) / (perf_counter() - begun),
    }
    if done.failures:
        first = done.failures[0]
        figures["fuzz_first_failure"] = f"{first.target} seed {first.seed} run {first.run}: {first.reason}"
    return figures


def main(words: Sequence[str] | None = None) -> int:
    """Run the campaign a person asked for; 1 when something failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=0, help="runs in all, those of the ledger counted")
    parser.add_argument("--seed", type=int, default=1, help="which bytes; a ledger keeps its own")
    parser.add_argument("--ledger", type=Path, help="file in which a campaign is broken off and gone on with")
    args = parser.parse_args(words)
    figures = run(runs=args.runs, seed=args.seed, ledger=args.ledger)
    for name, value in figures.items():
        print(f"{name} = {value:.2f}" if isinstance(value, float) else f"{name} = {value}")
    return 1 if figures["fuzz_failures"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
