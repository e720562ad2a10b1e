"""Checks an audit package of pvmon with plain Python 3, nothing else: python3 verifier.py FOLDER_OR_ZIP.

It recomputes the hash of every file, the chain of vouchers from the first one, the sum of every voucher, what every
notice published and what persons are owed against the spending booked for the plan, and that nobody was paid more
than is owed. Every signed paper an act names must be there. It ends with 0 when all is sound.
"""

import csv
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SPENDING = {
    "posts": "51401",
    "labour": "51401",
    "works": "51402",
    "reward": "51403",
    "aid": "51403",
    "relief": "51403",
}


def read(source: str) -> dict[str, bytes]:
    """Return every file of a folder or ZIP by name."""
    path = Path(source)
    if path.is_dir():
        return {p.relative_to(path).as_posix(): p.read_bytes() for p in path.rglob("*") if p.is_file()}
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def table(files: dict[str, bytes], name: str) -> list[dict[str, str]]:
    """Return the rows of a table."""
    return list(csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"), newline="")))


def canonical(record: Any) -> str:
    """Return the one text that is hashed."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def check_files(files: dict[str, bytes]) -> Iterator[str]:
    """Yield files that are missing or not as listed."""
    listed = [line.split("  ", 1) for line in files["SHA256SUMS"].decode().splitlines()]
    for code, name in listed:
        if name not in files:
            yield f"{name}: missing"
        elif hashlib.sha256(files[name]).hexdigest() != code:
            yield f"{name}: not the file that was packed"
    known = {name for _, name in listed} | {"SHA256SUMS"}
    yield from (f"{name}: not listed" for name in files if name not in known)


def check_chain(files: dict[str, bytes]) -> Iterator[str]:
    """Yield breaks of the chain and vouchers that do not sum to zero."""
    sums: dict[str, int] = {}
    for row in table(files, "postings.csv"):
        sums[row["sequence"]] = sums.get(row["sequence"], 0) + int(row["fen"])
    previous = "0" * 64
    for line in files["chain.jsonl"].decode().splitlines():
        record = json.loads(line)
        if "fields" not in record:  # a voucher of another village: its place in the chain is checked
            if record["previous_hash"] != previous:
                yield f"hash {record['hash'][:16]}: the chain breaks here"
                return
            previous = record["hash"]
            continue
        code = hashlib.sha256(canonical({**record["fields"], "previous_hash": previous}).encode()).hexdigest()
        if record["previous_hash"] != previous or record["hash"] != code:
            yield f"voucher {record['fields']['sequence']}: the chain breaks here"
            return
        previous = code
    for sequence, fen in sums.items():
        if fen:
            yield f"voucher {sequence}: debit and credit differ by {fen} fen"


def check_notices(files: dict[str, bytes]) -> Iterator[str]:
    """Yield notices whose totals are not what was booked for their plan."""
    entries = {row["sequence"]: row for row in table(files, "vouchers.csv")}
    booked: dict[tuple[str, str], int] = {}
    for row in table(files, "postings.csv"):
        entry = entries.get(row["sequence"])
        if entry is not None and entry["source_kind"] == "plan_line" and row["account"].startswith("514"):
            key = (entry["source_id"].rpartition("/")[0], row["account"])
            booked[key] = booked.get(key, 0) + int(row["fen"])
    for row in table(files, "notices.csv"):
        if row["kind"] != "result":
            continue
        published: dict[str, int] = {}
        for name, fen in json.loads(row["totals"]).items():
            if name in SPENDING:
                published[SPENDING[name]] = published.get(SPENDING[name], 0) + int(fen)
        for account, fen in published.items():
            there = booked.get((row["plan_id"], account), 0)
            if there != fen:
                yield f"notice {row['code']}: account {account} published {fen} fen, booked {there} fen"


def check_papers(files: dict[str, bytes]) -> Iterator[str]:
    """Yield papers that are not what their name says, and those an act names that are missing."""
    for name, content in files.items():
        if name.startswith("papers/") and hashlib.sha256(content).hexdigest() != name.partition("/")[2]:
            yield f"{name}: its content has another hash"
    for line in files["acts.jsonl"].decode().splitlines():
        act = json.loads(line)
        of = act["of"]
        for code in (
            of.get("paper"),
            of.get("document"),
            of.get("photo"),
            (of.get("sheet") or {}).get("photo"),
        ):
            if code and f"papers/{code}" not in files:
                yield f"{act['plan_id']} act {act['sequence']}: its paper {code[:16]} is missing"


def check_payments(files: dict[str, bytes]) -> Iterator[str]:
    """Yield lines whose persons are not owed what was booked, and persons who were paid more than is owed."""
    plan_lines = {
        row["sequence"]: row["source_id"]
        for row in table(files, "vouchers.csv")
        if row["source_kind"] == "plan_line"
    }
    booked: dict[str, int] = {}
    for row in table(files, "postings.csv"):
        if row["person_id"] and row["sequence"] in plan_lines:
            line = plan_lines[row["sequence"]]
            booked[line] = booked.get(line, 0) - int(row["fen"])
    owed: dict[str, int] = {}
    lapsed: dict[str, int] = {}
    by_line: dict[str, int] = {}
    for row in table(files, "entitlements.csv"):
        line = "/".join(row["entitlement_id"].split("/")[:2])
        owed[row["entitlement_id"]] = int(row["fen"])
        lapsed[row["entitlement_id"]] = int(row.get("lapsed") or 0)
        by_line[line] = by_line.get(line, 0) + int(row["fen"])
    for line in sorted({*booked, *by_line}):
        if booked.get(line, 0) != by_line.get(line, 0):
            yield f"line {line}: owed {by_line.get(line, 0)} fen, booked {booked.get(line, 0)} fen"
    paid: dict[str, int] = {}
    for row in table(files, "payments.csv"):
        if row["state"] == "paid":
            paid[row["entitlement_id"]] = paid.get(row["entitlement_id"], 0) + int(row["fen"])
    for one, fen in paid.items():
        if fen + lapsed.get(one, 0) > owed.get(one, 0):
            yield f"{one}: paid {fen} fen, owed {owed.get(one, 0)} fen, lapsed {lapsed.get(one, 0)} fen"
    yield from check_lapsed(files, lapsed)


def check_lapsed(files: dict[str, bytes], lapsed: dict[str, int]) -> Iterator[str]:
    """Yield sums that went to the collective for want of an heir without an entry, or other than booked."""
    entries = {
        row["sequence"]: row["source_id"]
        for row in table(files, "vouchers.csv")
        if row["source_kind"] in {"lapsed", "heir"}
    }
    booked: dict[str, int] = {}
    for row in table(files, "postings.csv"):
        if row["person_id"] and row["sequence"] in entries:
            one = entries[row["sequence"]]
            booked[one] = booked.get(one, 0) + int(row["fen"])
    for one in sorted({*booked, *(key for key, fen in lapsed.items() if fen)}):
        if booked.get(one, 0) != lapsed.get(one, 0):
            yield f"{one}: lapsed {lapsed.get(one, 0)} fen, booked {booked.get(one, 0)} fen"


def main(source: str) -> int:
    """Check everything; return the exit code."""
    files = read(source)
    checks = (check_files, check_chain, check_notices, check_papers, check_payments)
    faults = [fault for check in checks for fault in check(files)]
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    verdict = "NOT SOUND" if faults else "sound"
    vouchers = len(files["chain.jsonl"].splitlines())
    sys.stdout.write(f"{len(files)} files, {vouchers} vouchers: {verdict}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "."))
