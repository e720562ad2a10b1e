"""Small makers of profiles and samples, with defaults."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from domain.measurement import Batch, BlockRead, Sample, WordBlock
from domain.plant import Device
from inverters.encode import Bytes, RegisterImage
from inverters.mapping import MappedDevice, Message, Reading
from inverters.point import Point
from inverters.profile import DeviceProfile, load_profiles, resolve

NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
GOLDEN = Path(__file__).parent.parent / "golden" / "profiles"


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, DeviceProfile]:
    return load_profiles()


def register_profiles() -> list[DeviceProfile]:
    return [profile for profile in shipped().values() if profile.points]


def widest(profile: DeviceProfile) -> DeviceProfile:
    """Return a profile with every model it knows, each as long as it can be."""
    if profile.models_table is None:
        return profile
    found, address = [], 40002
    for model in profile.models_table.models:
        length = 248 if model == 160 else 66
        found.append((model, address, length))
        address += length + 2
    return resolve(profile, found)


def usual(profile: DeviceProfile, point: Point) -> Point:
    """Return ``point`` with the scale its scale factor usually gives it, fixed."""
    if point.scale_at is None:
        return point
    word = next(c.word for c in profile.constants if c.address == point.scale_at)
    power = word - 0x10000 if word >= 0x8000 else word
    return replace(point, scale=point.scale * 10.0**power, scale_at=None)


def block(address: int, *registers: int, function: int = 3) -> WordBlock:
    return WordBlock(function, address, b"".join(register.to_bytes(2) for register in registers))


def sample(*blocks: WordBlock, document: Mapping[str, Any] | None = None) -> Sample:
    return Sample("dev-1", NOON, NOON, blocks, document)


def read_image(image: RegisterImage, row: Bytes, plan: Sequence[BlockRead]) -> Sample:
    """Answer a plan out of one row of an image."""
    blocks = []
    for read in plan:
        place = image.slice(read.function, read.address, read.count)
        assert place is not None, read
        blocks.append(WordBlock(read.function, read.address, row[place].tobytes()))
    return sample(*blocks)


def values_of(batch: Batch) -> dict[str, float]:
    return {
        name: value for name, value in zip(batch.quantities, batch.values, strict=True) if value is not None
    }


def write_profile(folder: Path, text: str, name: str = "made_up") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text, "utf-8")
    return path


def made_up(points: str, head: str = "") -> str:
    """Return the text of a profile with ``points`` (flow mappings, one a line)."""
    lines = "".join(f"  - {line.strip()}\n" for line in points.strip().splitlines())
    return (
        "format: 1\nname: made_up\nkind: inverter\nmake: Nobody\nmodels: [X1]\n"
        f"absent: {{u16: 0xFFFF, i16: 0x7FFF, u32: 0xFFFFFFFF, i32: 0x7FFFFFFF}}\n{head}points:\n{lines}"
    )


def read_json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def mapped_device(case: Path) -> MappedDevice:
    """Return the device a golden case of a mapping is about."""
    profile, words = shipped()[case.parent.name], read_json(case / "words.json")
    assert profile.mapping is not None
    return MappedDevice(
        profile.mapping, Device("d", "p", profile.kind, "d", profile.name, "gw", **words["device"])
    )


def reading_of(case: Path) -> Reading:
    """Read the document of a golden case of a mapping."""
    words = read_json(case / "words.json")
    (reading,) = mapped_device(case).read(Message(words["topic"], words["document"], NOON))
    return reading
