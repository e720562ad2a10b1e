"""Writes the sample registry of `config/`: 60 invented plants of Shangzhou, the same at every run.

    .venv/bin/python tools/make_sample_registry.py [FOLDER]

Only the names and rough places of the 18 towns and the programme's total (60 plants, 62,730 kW approved AC
capacity) are facts. Villages, plants, capacities, shares, accounts, devices and numbers are invented.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from main.registry import emit
from main.registry.records import DISTRICT, OWNERSHIP, PLANT, VILLAGES
from tools.sample.plants import make_plants
from tools.sample.shares import make_ownership
from tools.sample.villages import make_district, make_villages

NOTICE = (
    "样例登记，非真实数据：村、电站、容量、份额、户号、设备均为虚构，请用 `pvmon registry import` 换成本区资料。\n"
    "全部电站的批准交流容量合计 62,730 kW，组件直流容量略高。\n"
    "SAMPLE, invented: villages, plants, capacities, shares, accounts and devices. Replace it by your own list\n"
    "with `pvmon registry import`. The 62,730 kW of all plants are approved AC capacity; DC is a little more.\n"
    "Written by tools/make_sample_registry.py; do not edit by hand."
)


def files() -> dict[str, str]:
    """Return every file of the sample by its path below `config/`."""
    plants = make_plants()
    written = {
        "district.yaml": emit.document(DISTRICT, make_district(), NOTICE),
        "villages.yaml": emit.document(VILLAGES, make_villages(), NOTICE),
    }
    for plant in plants:
        written[f"plants/{plant['id']}.yaml"] = emit.document(PLANT, plant, NOTICE)
    for acts in make_ownership(plants):
        written[f"ownership/{acts['plant']}.yaml"] = emit.document(OWNERSHIP, acts, NOTICE)
    return written


def write(folder: Path) -> int:
    """Write the sample below ``folder``, removing plants of an older sample; return the number of files."""
    written = files()
    for part in ("plants", "ownership"):
        (folder / part).mkdir(parents=True, exist_ok=True)
        for path in (folder / part).glob("*.yaml"):
            if f"{part}/{path.name}" not in written:
                path.unlink()
    for name, text in written.items():
        (folder / name).write_text(text, "utf-8")
    return len(written)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "config"
    print(f"{write(target)} files in {target}")
