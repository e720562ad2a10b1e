"""The table of habits in simulator/README.md says what the profiles themselves say."""

from domain.plant import DeviceKind
from inverters.profile import DeviceProfile
from tests.conftest import ROOT
from tests.simulator.builders import profiles


def row(one: DeviceProfile) -> str:
    """Return what the table must say of a family."""
    limits, habits = one.limits, one.habits
    wire = one.points or one.dlt645
    absent = any(point.absent for point in one.points)
    cells = [
        f"`{one.name}`",
        f"{limits.connect_delay_s:g} / {limits.request_pause_s:g} s" if wire else "—",
        str(habits.clients or "any") if wire else "—",
        str(limits.max_registers) if one.points else "—",
        "silent" if wire and not habits.tells_absent else "0x0B" if wire else "—",
        ", ".join(str(one) for one in limits.boundaries[:4]) or "—",
        "digits above nine"
        if one.dlt645
        else "own pattern"
        if absent
        else "zero"
        if one.points
        else "left out",
        "yes" if one.kind is DeviceKind.INVERTER else "—",
        "yes" if any(point.name == "device_time_epoch_s" for point in one.points) else "—",
    ]
    return f"| {' | '.join(cells)} |"


def test_the_table_of_habits_has_every_family_as_its_profile_has_it() -> None:
    wanted = [row(one) for _, one in sorted(profiles().items())]
    text = (ROOT / "simulator" / "README.md").read_text("utf-8")
    printed = [line for line in text.splitlines() if line.startswith("| `") and line.count("|") == 10]
    assert printed == wanted, "write this table:\n" + "\n".join(wanted)
