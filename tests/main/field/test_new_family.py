"""docs/devices.en.md followed to the letter: the table printed there, checked, decoded, added, tested, polled."""

import asyncio
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from main.__main__ import main
from tests.collectors.peers import Question, peer_in_thread, say
from tests.main.field.field import configured

GUIDE = Path(__file__).parents[3] / "docs" / "devices.en.md"


def printed_table() -> str:
    (block,) = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    return str(block)


def image(power_w: int) -> dict[int, int]:
    """What such a device holds: 230 V, 72.5 A, as much power as they make (or as is planted)."""
    registers = {256: 2, 273: 415, 277: 990, 280: 5001, 275: power_w, 300: 18_340, 305: 0x0012, 306: 0xD687}
    registers |= {
        263: 6200,
        264: 4130,
        265: 25_606,
        266: 6200,
        267: 4130,
        268: 25_606,
        302: 50_000,
        304: 60_000,
    }
    registers |= dict(zip(range(36611, 36621), struct.unpack(">10H", b"SAMPLE3050G0000001\0\0"), strict=True))
    return registers | dict.fromkeys((278, 284, 290), 2300) | dict.fromkeys((279, 285, 291), 7250)


@contextmanager
def device(power_w: int) -> Iterator[int]:
    """Serve the device from a thread; yields its port. Registers it does not have are refused."""
    held = image(power_w)

    async def answer(question: Question, writer: asyncio.StreamWriter) -> None:
        wanted = range(question.address, question.address + question.count)
        blocks = (range(256, 315), range(0x8F00, 0x8F1D))
        if not any(wanted[0] in block and wanted[-1] in block for block in blocks):
            await say(writer, question.refusal(2))
            return
        data = b"".join(held.get(address, 0).to_bytes(2) for address in wanted)
        await say(writer, question.frame(bytes([question.function, len(data)]) + data))

    with peer_in_thread(answer) as port:
        yield port


def steps(folder: Path, port: int) -> tuple[list[str], list[str]]:
    """Write the table of the guide, and add the device; return the global options and those of the profiles."""
    own = folder / "my_profiles"
    own.mkdir()
    (own / "saj_suntrio_plus.yaml").write_text(printed_table(), "utf-8")
    words, more = configured(folder, 1), ["--profiles", str(own)]
    assert main([*words, "profile", "lint", str(own / "saj_suntrio_plus.yaml")]) == 0
    at = ["alpha", f"127.0.0.1:{port}", "--unit", "1", "--profile", "saj_suntrio_plus"]
    assert main([*words, "device", "add", *at, *more, "--rated-kw", "50", "--yes"]) == 0
    return words, more


def test_the_guide_leads_from_a_document_to_a_device_that_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with device(49_525) as port:
        words, more = steps(tmp_path, port)
        decoded = ["--address", "278", "0x08FC", "0x1C52", "0x1389"]
        assert main([*words, "decode", "saj_suntrio_plus", *more, *decoded]) == 0
        assert "230.0" in capsys.readouterr().out
        assert main([*words, "test", "alpha-inv-01", *more]) == 0
        said = capsys.readouterr().out
        assert "SAMPLE3050G0000001" in said
        assert "[plausible] ac_active_power_w" in said
        assert main([*words, "check", *more, "--quiet"]) == 0
        assert main([*words, "check", "--quiet"]) == 1, "without the folder the profile is unknown"


def test_a_scale_that_is_off_by_ten_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with device(4_952) as port:
        words, more = steps(tmp_path, port)
        assert main([*words, "test", "alpha-inv-01", *more]) == 1
    assert "off by a factor of 0.1" in capsys.readouterr().out
