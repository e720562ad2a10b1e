"""How an amount came about (您的钱怎么来的): five lines, with the exact share and the rounding."""

from collections.abc import Mapping
from fractions import Fraction

from domain.money import Money
from revenue.distribution import Entitlement
from revenue.payment import PaymentState, Standing
from revenue.plan import Basis, Plan
from texts.loader import Texts

FIVE = 5


def months_text(plan: Plan) -> str:
    """Return the months of a plan, one or a range."""
    first, last = f"{plan.first_month:%Y-%m}", f"{plan.last_month:%Y-%m}"
    return first if first == last else f"{first} – {last}"


def lines_of(plan: Plan, standing: Standing, texts: Texts) -> list[str]:
    """Return the five lines of an entitlement: village, plan line, share, rounding, payment."""
    one = standing.entitlement
    line = plan.line(one.line_id)
    kind = texts(f"papers.class.{line.kind.value}")
    purpose = line.purpose or kind
    return [
        texts("papers.statement.village", months=months_text(plan), net=Money(plan.net_fen)),
        texts("papers.statement.line", kind=kind, purpose=purpose, fen=Money(line.fen)),
        _share_line(one, line.basis, texts),
        _rounding_line(one, line.basis, texts),
        payment_line(standing, texts),
    ]


def _share_line(one: Entitlement, basis: Basis, texts: Texts) -> str:
    if basis is Basis.DAY_RATE:
        values: Mapping[str, object] = {"days": one.weight, "rate": Money(one.total_fen)}
        return texts("papers.statement.days", **values, fen=Money(one.fen))
    if basis is Basis.MONTHLY_WAGE:
        return texts("papers.statement.wage", days=one.weight, rate=Money(one.total_fen), fen=Money(one.fen))
    return texts(
        "papers.statement.share",
        total=Money(one.total_fen),
        weight=one.weight,
        sum=one.weight_sum,
        exact=yuan_of(one.exact_fen),
    )


def _rounding_line(one: Entitlement, basis: Basis, texts: Texts) -> str:
    if basis is not Basis.WEIGHTS:
        return texts("papers.statement.no_rounding")
    return texts(
        "papers.statement.rounding",
        before=fen_text(one.carried_in_fen),
        after=fen_text(one.carried_out_fen),
        fen=Money(one.fen),
    )


def payment_line(standing: Standing, texts: Texts) -> str:
    """Return what became of the money, in words."""
    if standing.lapsed_fen:
        return texts("papers.statement.lapsed", fen=Money(standing.lapsed_fen))
    last = standing.attempts[-1] if standing.attempts else None
    if last is None:
        return texts("papers.statement.waiting")
    if last.state is PaymentState.RETURNED:
        return texts("papers.statement.returned", reason=last.reason, on=last.on)
    if last.state is PaymentState.SENT:
        return texts("papers.statement.sent")
    return texts("papers.statement.paid", fen=Money(standing.paid_fen), on=last.on)


def yuan_of(fen: Fraction) -> str:
    """Return an exact amount in yuan with four places."""
    return f"{float(fen) / 100:,.4f}"


def fen_text(fen: Fraction) -> str:
    """Return a part of a fen with two places and its sign."""
    text = f"{float(fen):+.2f}"
    return "0.00" if text in {"+0.00", "-0.00"} else text
