"""What households received, as far as this system sees it: PV payouts, subsidies, claims, wages, shares of profit."""

from collections.abc import Collection, Iterator

from industries.income import INCOME, IncomePart, IncomeSource
from revenue.payment import PaymentState
from revenue.rule import LineClass
from stores.dossiers import Dossiers
from stores.fund_books import CLAIM, PAYMENT, RETURN, ROUND, arrived
from stores.industry_protocol import IndustryRecords

_WORK = frozenset({LineClass.POSTS, LineClass.LABOUR})


def income_parts(
    records: IndustryRecords, dossiers: Dossiers, village_ids: Collection[str]
) -> list[IncomePart]:
    """Return every payment that arrived in these villages."""
    wanted = set(village_ids)
    found = [*_payouts(dossiers, wanted), *_fund_payments(records, wanted)]
    for fact in records.facts(INCOME, village_ids=wanted):
        source, fen = IncomeSource(fact.content["source"]), int(fact.content["fen"])
        found.append(IncomePart(source, fact.village_id, fact.content["household"], fact.period, fen))
    return found


def _payouts(dossiers: Dossiers, village_ids: Collection[str]) -> Iterator[IncomePart]:
    for dossier in dossiers.of_villages(village_ids):
        plan = dossier.plan
        for standing in dossier.standings().values():
            owed = standing.entitlement
            source = IncomeSource.POSTS if plan.line(owed.line_id).kind in _WORK else IncomeSource.AID
            for one in standing.attempts:
                if one.state is PaymentState.PAID:
                    on = one.on or plan.last_month
                    yield IncomePart(source, plan.village_id, owed.household_id, f"{on:%Y-%m}", one.line.fen)


def _fund_payments(records: IndustryRecords, village_ids: Collection[str]) -> Iterator[IncomePart]:
    """Yield payments of funds that are in the books and did not come back."""
    homes: dict[tuple[str, str], str] = {}
    for one in records.facts(ROUND):
        homes |= {(one.identity, str(line[0])): str(line[1]) for line in one.content["lines"]}
    claims = {one.identity: one.village_id for one in records.facts(CLAIM)}
    there = arrived(records)
    for fact in records.facts(PAYMENT):
        source, payee = str(fact.content["source"]), str(fact.content["payee"])
        village = claims.get(source) or homes.get((source, payee), "")
        booked = records.voucher(f"{PAYMENT}:{fact.identity}") is not None
        if village not in village_ids or not booked:
            continue
        if records.voucher(f"{RETURN}:{fact.identity}") is not None:
            continue
        if "batch" in fact.content and fact.identity not in there:
            continue  # under way: the bank has not answered
        kind = IncomeSource.GUARANTEE if source in claims else IncomeSource.SUBSIDY
        household = "" if source in claims else payee
        yield IncomePart(kind, village, household, str(fact.content["on"])[:7], int(fact.content["fen"]))
