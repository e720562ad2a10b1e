"""Questions put in a browser, asked by the collector that owns the wire: one after the other, answered through the records.

The browser's process and the collector's may be two on two machines; what they share is the records. A sweep tells
what it found unit by unit, so that the page shows it while it goes on, and ends at the first sign that it disturbs.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from commands.setting_up import Question
from domain.clock import SystemClock
from domain.errors import CommandError, NoConnectionError, PvmonError
from domain.plant import Device, Registry
from main.field.report import look_report, probe_report
from main.looking import Looker
from stores.question_protocol import FieldQuestion, QuestionStore

if TYPE_CHECKING:
    from jobs.collect import Collector
    from main.instance import Instance

log = logging.getLogger(__name__)
_LOOK_EVERY_S = 1.0
_ASK_WITHIN_S = 90.0
_KEPT = timedelta(days=1)
# who asked was told long ago that nobody polls the wire; the clocks of two machines may differ
_STALE_AFTER = timedelta(minutes=10)


class FieldQuestions:
    """Looks for questions to the wires polled here, and asks them. A thread of its own: a slow unit delays no poll."""

    def __init__(self, instance: "Instance", store: QuestionStore) -> None:
        self._instance = instance
        self._store = store
        self._looker = Looker(
            "questions", _LOOK_EVERY_S, self.work_off, "questions from the browser are not read"
        )
        self.start, self.stop = self._looker.start, self._looker.stop

    def work_off(self) -> int:
        """Ask what waits; return how many questions there were."""
        count = 0
        while not self._looker.stopping.is_set():
            wires = self._instance.options.registry.gateways_by_id
            found = self._store.take_question(wires.keys(), SystemClock().now())
            if found is None:
                return count
            self._store.forget_questions(SystemClock().now() - _KEPT)
            log.warning("question to %s, put by %s: %s", found.gateway_id, found.asked_by, dict(found.words))
            late = SystemClock().now() - found.asked_at > _STALE_AFTER
            told = {"error": "elsewhere"} if late else self._told(found)
            self._store.tell_question(found.ticket, told, done=True)
            count += 1
        return count

    def _told(self, found: FieldQuestion) -> Mapping[str, Any]:
        """Return what came of a question; why nothing came is a word, the reader's language is not known here."""
        collector, question = self._instance.collector, Question(**found.words)
        if collector is None:
            return {"error": "elsewhere"}
        try:
            if question.last_unit:
                return self._swept(collector, question, found.ticket)
            return self._asked(collector, question)
        except NoConnectionError as error:
            log.warning("asking %s: %s", found.gateway_id, error)
            return {"error": "unreachable"}
        except CommandError as error:
            log.warning("asking %s: %s", found.gateway_id, error)
            return {"error": "busy"}
        except Exception:
            log.exception("asking %s", found.gateway_id)
            return {"error": "failed"}

    def _asked(self, collector: "Collector", question: Question) -> Mapping[str, Any]:
        """Ask who a unit is, and by the likeliest profile what it measures now."""
        options = self._instance.options
        told = _probed(collector, options.registry, question.gateway_id, question.unit)
        profile = question.profile or (told["found"][0]["profile"] if told["found"] else "")
        if profile not in options.profiles or not told["answered"]:
            return told
        device, trial = self._trial(question, profile)
        try:
            seen = collector.visit(lambda wires: wires.look(trial, device.device_id), _ASK_WITHIN_S)
        except PvmonError as error:
            log.warning("reading %s unit %s: %s", question.gateway_id, question.unit, error)
            return {**told, "unread": True}
        return {**told, "look": look_report(seen, device, trial)}

    def _swept(self, collector: "Collector", question: Question, ticket: str) -> Mapping[str, Any]:
        """Ask units one after the other; those of the list of plants are known and left alone."""
        options = self._instance.options
        units: list[list[Any]] = []
        known = {d.unit for d in options.registry.devices() if d.gateway_id == question.gateway_id}
        for unit in range(question.unit, question.last_unit + 1):
            if unit in known or self._looker.stopping.is_set():
                continue
            self._store.tell_question(ticket, {"units": units, "asking": unit}, done=False)
            told = _probed(collector, options.registry, question.gateway_id, unit, wary=True)
            if told["answered"]:
                best = told["found"][0] if told["found"] else {"profile": "", "confidence": 0.0}
                units.append([unit, best["profile"], best["confidence"]])
            if told["trouble"]:
                return {"units": units, "error": "disturbs"}
        return {"units": units}

    def _trial(self, question: Question, profile: str) -> tuple[Device, Registry]:
        """Return the device as it would be, and a list of plants that has it; nothing is written."""
        options = self._instance.options
        plant = options.registry.plants_by_id[question.plant_id]
        device = Device(
            f"{plant.plant_id}-trial",
            plant.plant_id,
            options.profiles[profile].kind,
            question.name,
            profile,
            question.gateway_id,
            question.unit,
            rated_power_kw=question.rated_kw,
            string_count=question.strings,
        )
        grown = replace(plant, devices=(*plant.devices, device))
        plants = tuple(grown if one is plant else one for one in options.registry.plants)
        return device, replace(options.registry, plants=plants)


def _probed(
    collector: "Collector", registry: Registry, gateway_id: str, unit: int, *, wary: bool = False
) -> dict[str, Any]:
    result = collector.visit(lambda wires: wires.probe(registry, gateway_id, unit, wary=wary), _ASK_WITHIN_S)
    return probe_report(result, gateway_id, unit)
