"""Reports of villages and towns from the books: balances, movements in public, position, result."""

from collections.abc import Callable, Iterable, Sequence

from commands.papers.sheets import Cells
from domain.ledger import Voucher, is_cash
from revenue import accounts
from revenue.figures import YEAR_END
from texts.loader import Texts

Named = Callable[[str], str]


def movements_of(vouchers: Iterable[Voucher], first: str, last: str) -> dict[str, tuple[int, int, int]]:
    """Return debit and credit of each account within periods, and its balance at the end. [fen]"""
    found: dict[str, list[int]] = {}
    for voucher in vouchers:
        if voucher.period > last:
            continue
        for posting in voucher.entry.postings:
            sums = found.setdefault(posting.account, [0, 0, 0])
            sums[2] += posting.fen
            if voucher.period >= first:
                sums[0 if posting.fen > 0 else 1] += abs(posting.fen)
    return {account: (sums[0], sums[1], sums[2]) for account, sums in sorted(found.items())}


def balance_sheet(
    vouchers: Sequence[Voucher], village: str, first: str, last: str, name: Named, texts: Texts
) -> Cells:
    """Return 科目余额表: debit and credit of the period, balance at its end; debits equal credits."""
    rows = movements_of(vouchers, first, last)
    heads = _heads(texts, "code", "account", "debit", "credit", "balance")
    lines = [(code, name(code), *sums) for code, sums in rows.items()]
    total = tuple(sum(sums[place] for sums in rows.values()) for place in range(3))
    return Cells(
        texts("papers.report.balances"),
        heads,
        (*lines, (texts("papers.report.total"), "", *total)),
        frozenset(heads[2:]),
        (_lead(village, first, last, "balances", texts),),
    )


def public_movements(vouchers: Sequence[Voucher], village: str, first: str, last: str, texts: Texts) -> Cells:
    """Return 收支明细公开表: every movement of money with its voucher; nobody's name."""
    heads = _heads(texts, "day", "voucher", "summary", "income", "spending", "balance")
    rows: list[tuple[str | int, ...]] = []
    balance = 0
    for voucher in vouchers:
        cash = [one.fen for one in voucher.entry.postings if is_cash(one.account)]
        if not cash or voucher.period > last:
            continue
        income, spending = sum(fen for fen in cash if fen > 0), -sum(fen for fen in cash if fen < 0)
        balance += income - spending
        if voucher.period >= first:
            number = f"{voucher.period}-{voucher.number}"
            rows.append(
                (
                    voucher.entry.booked_on.isoformat(),
                    number,
                    voucher.entry.summary,
                    income,
                    spending,
                    balance,
                )
            )
    return Cells(
        texts("papers.report.movements"),
        heads,
        tuple(rows),
        frozenset(heads[3:]),
        (_lead(village, first, last, "movements", texts),),
    )


def position(vouchers: Sequence[Voucher], village: str, last: str, name: Named, texts: Texts) -> Cells:
    """Return 资产负债表 at the end of a period: assets equal liabilities and net assets with the result so far."""
    ends = {code: sums[2] for code, sums in movements_of(vouchers, "", last).items()}
    assets = {code: fen for code, fen in ends.items() if code.startswith("1")}
    debts = {code: -fen for code, fen in ends.items() if code.startswith("2")}
    equity = {code: -fen for code, fen in ends.items() if code.startswith("3")}
    result = -sum(fen for code, fen in ends.items() if code.startswith("5"))
    heads = _heads(texts, "item", "amount")
    rows: list[tuple[str | int, ...]] = []
    for title, part in (("assets", assets), ("liabilities", debts), ("equity", equity)):
        rows += [(f"{code} {name(code)}", fen) for code, fen in part.items() if fen]
        if title == "equity":
            rows.append((texts("papers.report.year_result"), result))
        extra = result if title == "equity" else 0
        rows.append((texts(f"papers.report.{title}"), sum(part.values()) + extra))
    lead = (_lead(village, "", last, "position", texts),)
    return Cells(texts("papers.report.position"), heads, tuple(rows), frozenset({heads[1]}), lead)


def result(
    vouchers: Sequence[Voucher], village: str, first: str, last: str, name: Named, texts: Texts
) -> Cells:
    """Return 收益及收益分配表: income, costs and what is left of the period; the closing of a year changes none."""
    earned = [one for one in vouchers if one.entry.source_kind not in YEAR_END]
    moved = {
        code: sums[0] - sums[1]
        for code, sums in movements_of(earned, first, last).items()
        if code.startswith("5")
    }
    income = {code: -fen for code, fen in moved.items() if code.startswith(("501", "502", "503", "504"))}
    costs = {code: fen for code, fen in moved.items() if code not in income}
    heads = _heads(texts, "item", "amount")
    rows: list[tuple[str | int, ...]] = [(f"{code} {name(code)}", fen) for code, fen in income.items()]
    rows.append((texts("papers.report.year_income"), sum(income.values())))
    rows += [(f"{code} {name(code)}", fen) for code, fen in costs.items()]
    rows.append((texts("papers.report.year_costs"), sum(costs.values())))
    rows.append((texts("papers.report.year_result"), sum(income.values()) - sum(costs.values())))
    rows += _distribution(vouchers, first, last, sum(income.values()) - sum(costs.values()), texts)
    lead = (_lead(village, first, last, "result", texts),)
    return Cells(texts("papers.report.result"), heads, tuple(rows), frozenset({heads[1]}), lead)


def _distribution(
    vouchers: Sequence[Voucher], first: str, last: str, earned_fen: int, texts: Texts
) -> list[tuple[str | int, ...]]:
    """Return the lower half: what was undistributed, plus the result, minus the reserve, is what is undistributed."""
    before = _undistributed(one for one in vouchers if one.period < first)
    after = _undistributed(one for one in vouchers if one.period <= last)
    reserve = -sum(
        posting.fen
        for one in vouchers
        if first <= one.period <= last and one.entry.source_kind in YEAR_END
        for posting in one.entry.postings
        if posting.account == accounts.RESERVE
    )
    other = after - before - earned_fen + reserve
    rows: list[tuple[str | int, ...]] = [
        (texts("papers.report.undistributed_before"), before),
        (texts("papers.report.to_reserve"), reserve),
    ]
    if other:
        rows.append((texts("papers.report.other_changes"), other))
    return [*rows, (texts("papers.report.undistributed_after"), after)]


def _undistributed(vouchers: Iterable[Voucher]) -> int:
    """Return what is retained, with the result that no year's end has moved yet. [fen]"""
    return -sum(
        posting.fen
        for one in vouchers
        for posting in one.entry.postings
        if posting.account.startswith("5") or posting.account[:3] in {accounts.YEAR_RESULT, accounts.RETAINED}
    )


def _heads(texts: Texts, *names: str) -> tuple[str, ...]:
    return tuple(texts(f"papers.report.{name}") for name in names)


def _lead(village: str, first: str, last: str, name: str, texts: Texts) -> str:
    period = last if first in {"", last} else f"{first} – {last}"
    return texts("papers.report.heading", village=village, period=period, name=texts(f"papers.report.{name}"))
