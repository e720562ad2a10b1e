"""What people do about alerts of industries: the same acts as on alerts of plants, by towns and the district."""

from datetime import datetime

from access.guard import guarded
from access.permissions import Permission
from access.principal import Principal
from access.villages import handles_town_alert
from cases.refusal import CaseRefusedError
from commands.alert_acts import AlertActs
from commands.audit import command
from domain.handling import AlertActKind, Handling

P = Permission


@guarded
class IndustryAlerts(AlertActs):
    """What may be done. ``seen`` is how many acts the page showed: the second of two is told."""

    @command(P.HANDLE_INDUSTRIES, "alert.acknowledge")
    def acknowledge(self, principal: Principal, alert_id: str, seen: int) -> Handling:
        """Say that one has seen it: nobody is reminded any more."""
        return self._act(principal, alert_id, seen, AlertActKind.ACKNOWLEDGE)

    @command(P.HANDLE_INDUSTRIES, "alert.silence")
    def silence(
        self, principal: Principal, alert_id: str, seen: int, until: datetime | None, reason: str
    ) -> Handling:
        """Have nobody told until an end."""
        return self._act(principal, alert_id, seen, AlertActKind.SILENCE, reason, until)

    @command(P.HANDLE_INDUSTRIES, "alert.shelve")
    def shelve(
        self, principal: Principal, alert_id: str, seen: int, until: datetime | None, reason: str
    ) -> Handling:
        """Take it off the list until an end."""
        return self._act(principal, alert_id, seen, AlertActKind.SHELVE, reason, until)

    @command(P.HANDLE_INDUSTRIES, "alert.release")
    def release(self, principal: Principal, alert_id: str, seen: int) -> Handling:
        """End a silence or a shelf early."""
        return self._act(principal, alert_id, seen, AlertActKind.RELEASE)

    @command(P.HANDLE_INDUSTRIES, "alert.hand_over")
    def hand_over(self, principal: Principal, alert_id: str, seen: int, to: str) -> Handling:
        """Give it to somebody else."""
        return self._act(principal, alert_id, seen, AlertActKind.HAND_OVER, to=to)

    @command(P.HANDLE_INDUSTRIES, "alert.reopen")
    def reopen(self, principal: Principal, alert_id: str, seen: int, reason: str) -> Handling:
        """Say that it is not solved: people are told again."""
        return self._act(principal, alert_id, seen, AlertActKind.REOPEN, reason)

    @command(P.HANDLE_INDUSTRIES, "alert.note")
    def note(self, principal: Principal, alert_id: str, seen: int, reason: str) -> Handling:
        """Write something down."""
        return self._act(principal, alert_id, seen, AlertActKind.NOTE, reason)

    def _check_alert(self, principal: Principal, alert_id: str) -> None:
        alert = self._work.alert(str(alert_id))
        found = alert is not None and alert.is_of_industries
        if alert is None or not found or not handles_town_alert(principal, self._registry, alert):
            raise CaseRefusedError("no_such_alert")
