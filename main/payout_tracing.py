"""Acts of `pvmon payout` that only look: tracing both ways, and the stability watch."""

from datetime import date

from access.principal import Principal
from commands.papers.statement import lines_of
from domain.money import Money
from main.payout import PayoutDesk
from main.payout_acts import Answer, Words
from queries.payout import TraceView
from revenue.refusal import refuse
from revenue.stability import Finding
from revenue.trace import lapsed_fen
from texts.loader import Texts


def trace(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Trace a household line down to the samples, or a statement or receipt up to every payee."""
    if words.get("source"):
        return _payees(desk, who, str(words["source"]), texts)
    if words.get("household"):
        return _household(desk, who, words, texts)
    view = desk.queries.trace(who, words.get("line") or "")
    return {
        "entitlement": view.trace.entitlement_id,
        "fen": view.standing.entitlement.fen,
        "receipts": sorted({part.lot_id for _, parts in view.trace.attempts for part in parts}),
        "statements": sorted({one.source_id for one in view.trace.origins if one.source_kind == "statement"}),
        "lines": trace_lines(view, texts),
    }


def _household(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """Trace every amount of a household in a plan."""
    dossier = desk.plans.dossier(who, words.get("plan") or "")
    mine = [one for one in dossier.entitlements if one.household_id == words["household"]]
    if not mine:
        raise refuse("no_entitlement", entitlement=str(words["household"])[:60])
    lines: list[str] = []
    for one in mine:
        lines += [one.entitlement_id, *trace_lines(desk.queries.trace(who, one.entitlement_id), texts)]
    return {"entitlements": [one.entitlement_id for one in mine], "lines": lines}


def trace_lines(view: TraceView, texts: Texts) -> list[str]:
    """Return a trace in words: the five lines, then voucher, receipts, statements, meters."""
    found = view.trace
    lines = lines_of(found.dossier.plan, view.standing, texts)
    if found.owed_voucher is not None:
        voucher = found.owed_voucher
        lines.append(texts("payout.said.voucher", number=f"{voucher.period}-{voucher.number}"))
    for attempt, parts in found.attempts:
        batch = attempt.batch_id
        lines.append(
            texts(
                "payout.said.attempt",
                batch=batch,
                line=attempt.line.number,
                state=texts(f"payout.state.{attempt.state.value}"),
            )
        )
        for part in parts:
            booked = part.voucher.entry.booked_on if part.voucher else "-"
            lines.append(texts("payout.said.lot", lot=part.lot_id, fen=Money(part.fen), on=booked))
    for one in found.lapsed:
        lines.append(
            texts(
                "payout.said.lapsed",
                on=one.entry.booked_on,
                what=one.entry.summary,
                fen=Money(lapsed_fen(one)),
            )
        )
    for origin in found.origins:
        values = {"plant": origin.plant_id, "month": origin.month, "fen": Money(origin.fen)}
        lines.append(texts("payout.said.origin", **values, source=origin.source_id))
    for meter in view.metered:
        energy = "—" if meter.exported_kwh is None else f"{meter.exported_kwh:,.1f}"
        share = "—" if meter.completeness is None else f"{meter.completeness:.1%}"
        values = {"plant": meter.plant_id, "month": f"{meter.month:%Y-%m}", "kwh": energy}
        lines.append(texts("payout.said.meter", **values, share=share, days=meter.days))
    return lines


def _payees(desk: PayoutDesk, who: Principal, source: str, texts: Texts) -> Answer:
    parts = desk.queries.payees_of(who, source)
    total = Money(sum(part.fen for part in parts))
    lines = [texts("payout.said.payees", source=source, count=len(parts), total=total)]
    lines += [f"  {part.entitlement_id}  {Money(part.fen)}" for part in parts]
    return {
        "payees": [{"entitlement": part.entitlement_id, "fen": part.fen} for part in parts],
        "lines": lines,
    }


def watch(desk: PayoutDesk, who: Principal, words: Words, texts: Texts) -> Answer:
    """List villages, or with ``households`` households, whose benefit fell against the same months before."""
    first, last = date.fromisoformat(words["first"]), date.fromisoformat(words["last"])
    homes = bool(words.get("households"))
    found = desk.watch.households(who, first, last) if homes else desk.watch.villages(who, first, last)
    lines = [
        texts(
            "payout.said.fallen",
            village=" ".join(
                filter(
                    None,
                    (
                        desk.registry.village_label(one.village_id or one.subject_id, texts.language),
                        one.subject_id if one.village_id else "",
                    ),
                )
            ),
            before=Money(one.before_fen),
            now=Money(one.now_fen),
            cause=texts(f"payout.cause.{one.cause.value}"),
        )
        for one in found
    ]
    return {
        "fallen": [_fallen(one) for one in found],
        "lines": lines or [texts("payout.said.stable")],
    }


def _fallen(one: Finding) -> dict[str, str]:
    """Return a fall as plain data."""
    if not one.village_id:
        return {"village": one.subject_id, "cause": one.cause.value}
    return {"village": one.village_id, "household": one.subject_id, "cause": one.cause.value}
