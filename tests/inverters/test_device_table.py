"""The tables of what is supported, in both pages, say what the profiles themselves say of their evidence."""

import re
from pathlib import Path

from domain.plant import DeviceKind
from inverters.profile import DeviceProfile
from tests.conftest import ROOT
from tests.inverters.support import GOLDEN, shipped

KINDS = {
    DeviceKind.INVERTER: "逆变器",
    DeviceKind.LOGGER: "数据采集器",
    DeviceKind.REVENUE_METER: "电表",
    DeviceKind.WEATHER_STATION: "气象站",
}


def rows(page: str) -> dict[str, list[str]]:
    """Return the rows of the table whose first cell is a profile."""
    lines = (ROOT / "docs" / page).read_text("utf-8").splitlines()
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")
    ]
    return {row[0].strip("`"): row[1:] for row in cells}


def english_row(profile: DeviceProfile) -> list[str]:
    """Return what the English page must say of a profile."""
    values = profile.points if profile.mapping is None else profile.mapping.values
    unverified = sum(value.unverified for value in values)
    told = f"{len(values)}" + (f" ({unverified} unverified)" if unverified else "")
    quality = profile.quality
    return [
        profile.kind.value.replace("_", " "),
        f"{profile.make}: {'; '.join(profile.models)}",
        "recorded" if quality.recorded_case else "document",
        "yes" if quality.fault_codes else "no",
        told if values else "by name",
        str(len(list(GOLDEN.glob(f"{profile.name}/*/words.json")))),
    ]


def test_the_chinese_table_has_every_profile_with_its_kind_and_basis() -> None:
    table = rows("devices.md")
    assert set(table) == set(shipped())
    for name, profile in shipped().items():
        kind = "任意" if profile.json_document and profile.mapping is None else KINDS[profile.kind]
        assert table[name][0] == kind, name
        assert table[name][2] == ("录制" if profile.quality.recorded_case else "说明书"), name


def test_the_english_table_is_what_the_profiles_say() -> None:
    wanted = {name: english_row(profile) for name, profile in sorted(shipped().items())}
    printed = "\n".join("| " + " | ".join([f"`{name}`", *row]) + " |" for name, row in wanted.items())
    assert rows("devices.en.md") == wanted, f"write this table:\n{printed}"


def test_the_list_of_what_is_not_confirmed_is_what_the_profiles_say() -> None:
    wanted = [
        f"- `{name}`: {'; '.join(profile.quality.notes)}"
        for name, profile in sorted(shipped().items())
        if profile.quality.notes
    ]
    text = (ROOT / "docs" / "devices.en.md").read_text("utf-8")
    found = [line for line in text.splitlines() if line.startswith("- `") and line.partition("`: ")[1]]
    printed = "\n".join(wanted)
    assert found == wanted, f"write this list:\n{printed}"


def test_nothing_claims_to_be_checked_on_a_site_before_it_was() -> None:
    checked = [name for name, profile in shipped().items() if profile.quality.checked_on_site]
    said = re.search(
        r"None has been checked on our own sites yet", Path(ROOT / "docs" / "devices.md").read_text("utf-8")
    )
    assert (checked == []) == (said is not None)
