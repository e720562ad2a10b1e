"""What a root costs: itself and what it explains, whose loss it is the reason of. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from alerts.stake import at_risk_as, parts_together
from domain.alert import Alert


def with_explained(alerts: Sequence[Alert]) -> dict[str, Alert]:
    """Return alerts by id, each at risk of what it costs together with what it explains (of those given).

    Both tell of the same energy: a plant without grid is priced whole, and so are its inverters; a low
    insulation costs nothing itself, and all of the inverter it stops. So the greater of an alert and of the sum
    of what it explains counts, never both. What nobody knows adds nothing; None where nothing is known. [fen]
    """
    under: dict[str, list[Alert]] = {}
    for each in alerts:
        if each.parent_id is not None:
            under.setdefault(each.parent_id, []).append(each)
    found: dict[str, Alert] = {}
    for each in alerts:
        _cost(each, under, found, frozenset())
    return found


def _cost(
    alert: Alert, under: Mapping[str, Sequence[Alert]], found: dict[str, Alert], above: frozenset[str]
) -> Alert:
    """Return one alert with its cost; one that explains itself by a loop is taken as it stands."""
    if alert.alert_id in found:
        return found[alert.alert_id]
    if alert.alert_id in above:
        return alert
    path = above | {alert.alert_id}
    children = [_cost(each, under, found, path) for each in under.get(alert.alert_id, ())]
    known = [each.at_risk_fen for each in children if each.at_risk_fen is not None]
    together = sum(known) if known else None
    costly = alert
    if together is not None and (alert.at_risk_fen is None or together > alert.at_risk_fen):
        sums = {key: text for key, text in parts_together(children).items() if key.startswith("at_risk")}
        costly = at_risk_as(alert, replace(alert, at_risk_fen=together, evidence=sums))
    found[alert.alert_id] = costly
    return costly
