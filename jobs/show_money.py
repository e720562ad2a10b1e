"""Views on money for the command line, each as a person who may see them: flags, hours, platform, advices, late subsidy."""

from collections.abc import Callable, Mapping
from typing import Any

from access.principal import Principal
from commands.authenticate import Authenticate
from commands.console import logged_in
from commands.money_base import MoneyRefusedError
from commands.money_words import read_text, subsidy_list, text_of
from domain.errors import CommandError, PvmonError
from queries.money import MoneyQueries
from queries.money_checks import MoneyChecksView, RosterLook
from revenue import sheet
from revenue.export import yuan
from revenue.refusal import words_of
from texts.loader import Texts

Look = Callable[[Principal, Mapping[str, Any]], list[dict[str, Any]]]


class MoneyLooks:
    """The views as rows of plain values."""

    def __init__(self, queries: MoneyQueries, checks: MoneyChecksView) -> None:
        self._queries = queries
        self._checks = checks

    def flags(self, who: Principal, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the open red flags of a month."""
        texts = Texts(who.language)
        period = read_text("PERIOD", sheet.period, text_of(payload, "period"))
        return [
            {"flag": one.identity, "what": texts(f"revenue.flag.{one.kind.value}"), "detail": one.detail}
            for one in self._queries.flags(who, period)
        ]

    def hours(self, who: Principal, _payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the subsidised hours of every plant."""
        return [
            {
                "plant": one.plant_id,
                "used": str(one.counter.used_hours),
                "max": one.counter.hours_max,
                "left": None if one.counter.left_hours is None else str(one.counter.left_hours),
                "ends": one.counter.ends_on.isoformat() if one.counter.ends_on else None,
                "first": one.first_period,
            }
            for one in self._checks.hours(who)
        ]

    def compare_platform(self, who: Principal, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return balances of a village beside the platform's."""
        village = text_of(payload, "village")
        period = read_text("PERIOD", sheet.period, text_of(payload, "period"))
        rows = self._checks.compared(who, village, period)
        if rows is None:
            raise MoneyRefusedError("no_platform", village=village, period=period)
        return [
            {
                "code": one.code,
                "accounts": ", ".join(one.accounts) or "-",
                "ours": yuan(one.ours_fen),
                "theirs": "-" if one.theirs_fen is None else yuan(one.theirs_fen),
                "off": yuan(one.off_fen),
                "off_fen": one.off_fen,
                "mapped": one.is_mapped,
            }
            for one in rows
        ]

    def advices(self, who: Principal, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the remittance advices of a village."""
        return [
            {
                "movement": one.remittance_id,
                "on": one.on.isoformat(),
                "payer": one.payer,
                "yuan": yuan(one.fen),
                "recovered": yuan(one.recovered_fen),
                "confirmed": one.confirmed_by or "-",
            }
            for one in self._checks.advices(who, text_of(payload, "village"))
        ]

    def preview_subsidy(self, who: Principal, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return what villages would get of a late subsidy, with both rosters."""
        last = read_text("--last", sheet.period, text_of(payload, "last"))
        roster_on = read_text("--roster-on", sheet.day, text_of(payload, "roster_on"))
        return [
            {
                "village": one.village_id,
                "yuan": yuan(one.fen),
                "then": _roster(one.then),
                "now": _roster(one.now),
                "joined": one.joined,
                "left": one.left,
            }
            for one in self._checks.subsidy_preview(who, subsidy_list(who, payload), last, roster_on)
        ]


def _roster(look: RosterLook) -> str:
    return f"{look.roster_id} ({len(look.persons)})" if look.roster_id else "-"


def look_orders(
    looks: MoneyLooks, authenticate: Authenticate
) -> dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]]:
    """Return the views as orders of the command line."""

    def order(look: Look) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
        def shown(payload: Mapping[str, Any]) -> Mapping[str, Any]:
            texts = Texts(str(payload.get("lang") or "zh"))
            with logged_in(authenticate, payload) as principal:
                try:
                    rows = look(principal, payload)
                except MoneyRefusedError as error:
                    raise CommandError(error.words(texts)) from error
                except PvmonError as error:
                    if words_of(error, texts) == str(error):
                        raise
                    raise CommandError(words_of(error, texts)) from error
            return {"rows": rows, "count": len(rows)}

        return shown

    return {
        f"revenue.{name}": order(getattr(looks, name))
        for name in ("flags", "hours", "compare_platform", "advices", "preview_subsidy")
    }
