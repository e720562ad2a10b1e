"""Money in: a district's year from statements to villages' net, a large statement file, a check of ten years.

Ten years are made of entries like those of the year (settlements, receipts, payments of forty persons a
village and quarter), posted through the store. ``quick`` takes two years and a tenth of the payments.
"""

import tempfile
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from commands.money_desk import MoneyDesk
from domain.clock import SystemClock
from domain.ledger import Entry, Posting
from main.configuration import load_registry
from main.demo.money import make_books, people
from main.tariffs import load_tariffs
from stores.records.store import SqlRecordStore

CONFIG = Path(__file__).parent.parent / "config"
PERSONS = 40
ROWS = 5_000


def _entry(key: str, village: str, on: date, postings: tuple[Posting, ...]) -> Entry:
    return Entry(key, village, on, on.replace(day=1), "样例", postings, "bench", key, "a", "b")


def _month(villages: list[str], year: int, month: int, persons: int) -> list[Entry]:
    on = date(year, month, 25)
    found = []
    for village in villages:
        lot = f"{village}-{year}-{month}"
        found.append(_entry(f"s{lot}", village, on, (Posting("11201", 900_000), Posting("50101", -900_000))))
        cash = (Posting("10201", 900_000, lot_id=lot), Posting("11201", -900_000))
        found.append(_entry(f"r{lot}", village, on, cash))
        if month % 3 == 0:
            lines = tuple(Posting("213", 10_000, person_id=f"n{n}") for n in range(persons))
            paid = (*lines, Posting("10201", -10_000 * persons, lot_id=lot))
            found.append(_entry(f"p{lot}", village, on, paid))
    return found


def _ten_years(folder: Path, *, quick: bool) -> Mapping[str, float | str]:
    store = SqlRecordStore.at(folder / "ten.sqlite")
    villages = [f"6110020{n:05d}" for n in range(124)]
    years, persons = (2, 4) if quick else (10, PERSONS)
    begun = time.perf_counter()
    for year in range(2017, 2017 + years):
        for month in range(1, 13):
            store.post(_month(villages, year, month, persons), SystemClock().now())
    posted_s = time.perf_counter() - begun
    begun, cpu = time.perf_counter(), time.process_time()
    found = store.verify()
    verified_s, verified_cpu = time.perf_counter() - begun, time.process_time() - cpu
    store.close()
    assert found.is_sound, found.broken
    return {
        "ten_years_vouchers": found.vouchers,
        "ten_years_postings": found.postings,
        "post_vouchers_per_s": found.vouchers / posted_s,
        "verify_ten_years_s": verified_s,
        "verify_ten_years_cpu_s": verified_cpu,
    }


def _large_file(registry_path: Path, folder: Path) -> tuple[float, float]:
    registry = load_registry(registry_path)
    store = SqlRecordStore.at(folder / "file.sqlite")
    desk = MoneyDesk.over(
        store, registry, load_tariffs(registry_path, None, registry), SystemClock(), SystemClock()
    )
    lines = ["户号,结算月份,结算单号,上网电量,电价,电费"]
    for number in range(ROWS):
        plant = registry.plants[number % len(registry.plants)]
        month = number // len(registry.plants)
        period = f"{2019 + month // 12}-{month % 12 + 1:02d}"
        account = plant.accounts[-1].account_number
        lines.append(f"{account},{period},S{number},100000,0.3545,35450.00")
    maker, _ = people()
    content = "\n".join(lines).encode("gb18030")
    begun, cpu = time.perf_counter(), time.process_time()
    done = desk.money_in.import_statements(maker, "large.csv", content)
    seconds, cpu_s = time.perf_counter() - begun, time.process_time() - cpu
    assert (done.new, done.problems) == (ROWS, ())
    store.close()
    return seconds, cpu_s


def run(*, quick: bool) -> Mapping[str, float | str]:
    registry = load_registry(CONFIG)
    tariffs = load_tariffs(CONFIG, None, registry)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = SqlRecordStore.at(folder / "year.sqlite")
        desk = MoneyDesk.over(store, registry, tariffs, SystemClock(), SystemClock())
        begun, cpu = time.perf_counter(), time.process_time()
        made = make_books(desk, registry, tariffs, date(2026, 11, 26), 4 if quick else 12)
        year_s, year_cpu = time.perf_counter() - begun, time.process_time() - cpu
        store.close()
        assert made.broken == ""
        large_s, large_cpu = _large_file(CONFIG, folder)
        return {
            "district_year_s": year_s,
            "district_year_cpu_s": year_cpu,
            "district_year_vouchers": made.vouchers,
            "import_5000_rows_s": large_s,
            "import_5000_rows_cpu_s": large_cpu,
            **_ten_years(folder, quick=quick),
        }
