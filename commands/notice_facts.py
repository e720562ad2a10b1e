"""What a notice says beside its own record: names, plants, what each month's statements earned, what was deducted."""

from collections.abc import Sequence
from decimal import Decimal

from commands.papers.notice_sheet import NoticeFacts, StatementRow
from domain.ledger import Voucher
from domain.plant import Registry
from revenue import accounts
from revenue.dossier import Dossier
from revenue.notice import Notice
from revenue.statement import KIND as STATEMENT
from revenue.statement import statement_of
from revenue.trace import Origin, origins_of
from stores.payout import PayoutStores, village_figures
from texts.loader import Texts

_SUBSIDY = "subsidy"


def notice_facts(
    stores: PayoutStores, registry: Registry, dossier: Dossier, notice: Notice, texts: Texts
) -> NoticeFacts:
    """Return what is printed with a notice; who calls has permitted and noted the look at people."""
    plan = dossier.plan
    people = stores.rosters.people({row.person_id for row in notice.rows})
    figures = village_figures(stores, plan.village_id, plan.first_month, plan.last_month)
    earnings = stores.ledger.vouchers([plan.village_id], account="50")
    vouchers = [one for one in earnings if one.sequence <= notice.sequence]
    origins = origins_of(dossier, vouchers)
    earned = _by_account(vouchers, {one.voucher for one in origins})
    return NoticeFacts(
        registry.village_label(plan.village_id, texts.language),
        {key: person.name for key, person in people.items()},
        deductions=tuple(
            (texts(key) if (key := f"ledger.account.{code}") in texts else code, fen)
            for code, fen in figures.deductions_fen.items()
        ),
        plants=tuple(_plants(registry, dossier)),
        statements=tuple(_statements(stores, registry, origins)),
        base_fen=earned[0],
        subsidy_fen=earned[1],
    )


def _by_account(vouchers: Sequence[Voucher], wanted: set[int]) -> tuple[int, int]:
    """Return the income of the benchmark part and of the subsidy part. [fen]"""
    base = subsidy = 0
    for voucher in vouchers:
        if voucher.sequence in wanted:
            for posting in voucher.entry.postings:
                if posting.account == accounts.SUBSIDY_SALES:
                    subsidy -= posting.fen
                elif posting.account.startswith(accounts.SALES[:3]):
                    base -= posting.fen
    return base, subsidy


def _plants(registry: Registry, dossier: Dossier) -> list[str]:
    found = []
    for plant in registry.plants:
        act = plant.ownership_on(dossier.plan.last_month)
        if act is not None and dossier.plan.village_id in act.shares_kw:
            share, whole = act.shares_kw[dossier.plan.village_id], sum(act.shares_kw.values())
            found.append(f"{plant.name} {share:g}/{whole:g} kW")
    return found


def _statements(stores: PayoutStores, registry: Registry, origins: Sequence[Origin]) -> list[StatementRow]:
    """Return a row a plant and month: what the whole plant exported by its statements, and what the village earned."""
    earned: dict[tuple[str, str], int] = {}
    for one in origins:
        earned[one.plant_id, one.month] = earned.get((one.plant_id, one.month), 0) + one.fen
    stated = _stated_kwh(stores, sorted(earned))
    return [
        StatementRow(
            registry.plants_by_id[plant].name if plant in registry.plants_by_id else plant,
            month,
            stated.get((plant, month)),
            fen,
        )
        for (plant, month), fen in sorted(earned.items())
        if fen
    ]


def _stated_kwh(stores: PayoutStores, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Decimal]:
    """Return the energy of the statements in force by plant and month; nothing where none states energy."""
    if not wanted:
        return {}
    months = [month for _, month in wanted]
    facts = stores.ledger.facts(
        STATEMENT,
        plant_ids={plant for plant, _ in wanted},
        first_period=min(months),
        last_period=max(months),
    )
    lines = [statement_of(one) for one in facts]
    replaced = {(one.plant_id, one.period, one.corrects) for one in lines if one.corrects}
    found: dict[tuple[str, str], Decimal] = {}
    for one in lines:
        in_force = (one.plant_id, one.period, one.number) not in replaced
        if one.kwh is not None and one.component != _SUBSIDY and in_force:
            place = (one.plant_id, one.period)
            found[place] = found.get(place, Decimal(0)) + one.kwh
    return found
