"""`pvmon decode`: what do these registers say? And: do recorded vectors still read as their sources state?"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from domain.errors import CommandError
from domain.measurement import Batch
from domain.quantity import Kind, quantity
from inverters.codes import device_state
from inverters.point import Type
from inverters.profile import DeviceProfile, load_profiles
from inverters.readings import Reading, explain
from inverters.vectors import VectorResult, check_vectors
from main.cli import Context, Exit
from texts.loader import Texts

_WORDS_MAX = 125
_ADDRESS_MAX = 0xFFFF


class _ThenWords(argparse.Action):
    """An option of one value; what follows it are registers (argparse takes positionals only in one piece)."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Keep the first value, put the others to the registers."""
        given = [values] if isinstance(values, str) else list(values or ())
        if self.dest == "function" and given[0] not in ("3", "4"):
            parser.error(f"{option_string}: {given[0]!r}: 3, 4")
        setattr(namespace, self.dest, given[0])
        namespace.words = [*(namespace.words or ()), *given[1:]]


class _Decode:
    """Explains registers given on the command line, or checks a file of vectors."""

    name = "decode"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        say = texts
        parser.add_argument("profile", nargs="?", metavar="PROFILE", help=say("decode.options.profile"))
        parser.add_argument("words", nargs="*", metavar="WORD", help=say("decode.options.words"))
        for name, metavar in (("address", "A"), ("function", "3|4"), ("ct", "N"), ("pt", "N")):
            parser.add_argument(
                f"--{name}",
                action=_ThenWords,
                nargs="+",
                metavar=(metavar, "WORD"),
                help=say(f"decode.options.{name}"),
            )
        parser.add_argument("--profiles", type=Path, metavar="DIR", help=say("decode.options.profiles"))
        parser.add_argument("--vectors", type=Path, metavar="FILE", help=say("decode.options.vectors"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Explain or check; exit 1 when a vector fails."""
        profiles = load_profiles(args.profiles)
        if args.vectors is not None:
            return _run_vectors(args.vectors, profiles, context)
        if args.profile is None or args.address is None or not args.words:
            print(context.texts("decode.incomplete"), file=sys.stderr)
            return Exit.USAGE
        profile = _profile(args.profile, profiles, context.texts)
        address = _number(args.address, context.texts)
        words = [_number(word, context.texts) for word in args.words]
        if len(words) > _WORDS_MAX:
            raise CommandError(context.texts("decode.too_many", count=len(words), count_max=_WORDS_MAX))
        function = int(args.function or _usual_function(profile))
        readings = explain(
            profile,
            function,
            address,
            words,
            ct_ratio=_ratio(args.ct, context.texts),
            pt_ratio=_ratio(args.pt, context.texts),
        )
        if not readings:
            last = address + len(words) - 1
            raise CommandError(
                context.texts(
                    "decode.nothing", profile=profile.name, first=address, last=last, function=function
                )
            )
        answer = {
            "profile": profile.name,
            "function": function,
            "address": address,
            "readings": [_entry(reading) for reading in readings],
        }
        state = _state(profile, readings)
        print(json.dumps(answer | state, ensure_ascii=False, indent=2), flush=True)
        return Exit.OK


def _profile(name: str, profiles: Mapping[str, DeviceProfile], texts: Texts) -> DeviceProfile:
    profile = profiles.get(name)
    if profile is None or profile.json_document:
        known = ", ".join(sorted(name for name, one in profiles.items() if not one.json_document))
        raise CommandError(texts("decode.no_profile", name=name, known=known))
    return profile


def _number(word: str, texts: Texts) -> int:
    """Read a register or address: decimal, or hexadecimal with 0x."""
    try:
        number = int(word, 0)
    except ValueError:
        number = -1
    if not 0 <= number <= _ADDRESS_MAX:
        raise CommandError(texts("decode.no_number", word=word))
    return number


def _ratio(word: str | None, texts: Texts) -> float:
    """Read a transformer ratio; 1 when none was given."""
    try:
        ratio = float(word or 1)
    except ValueError:
        ratio = 0.0
    if not 0 < ratio < 1e6:
        raise CommandError(texts("decode.no_ratio", word=word))
    return ratio


def _usual_function(profile: DeviceProfile) -> int:
    return Counter(point.function for point in profile.points).most_common(1)[0][0]


def _entry(reading: Reading) -> dict[str, Any]:
    point = reading.point
    entry: dict[str, Any] = {"name": point.name, "address": point.address, "raw": reading.raw}
    if point.is_text:
        entry["text"] = reading.text
    else:
        entry["value"] = _plain(reading)
        entry["unit"] = point.unit
    entry["quality"] = reading.quality
    if point.type in (Type.CLOCK6, Type.CLOCK3) and reading.value is not None:
        local = datetime.fromtimestamp(reading.value, UTC).replace(tzinfo=None)
        entry["local_time"] = local.isoformat(sep=" ")
    if reading.codes:
        entry["meaning"] = [
            {"code": code.label, "zh": code.name_zh, "en": code.name_en, "severity": code.severity}
            for code in reading.codes
        ]
    if point.unverified:
        entry["unverified"] = True
    return entry


def _plain(reading: Reading) -> float | int | None:
    """Return a value with the decimals its scale gives, codes as whole numbers."""
    value = reading.value
    if value is None or quantity(reading.point.name).kind is not Kind.STATE:
        return None if value is None else round(value, reading.point.decimals)
    return int(value) if value.is_integer() else value


def _state(profile: DeviceProfile, readings: tuple[Reading, ...]) -> dict[str, Any]:
    """Return the common state, when the words hold what tells it."""
    numbers = [reading for reading in readings if not reading.point.is_text]
    names = tuple(reading.point.name for reading in numbers)
    if not any(name in ("device_status", "plant_status") for name in names):
        return {}
    values = tuple(reading.value for reading in numbers)
    state = device_state(profile.name, Batch("words", datetime(2000, 1, 1, tzinfo=UTC), names, values))
    return {
        "state": {
            "state": state.state.value,
            "code": state.code,
            "zh": state.name_zh,
            "en": state.name_en,
            "severity": state.severity,
            "advice_zh": state.advice_zh,
            "advice_en": state.advice_en,
        }
    }


def _run_vectors(path: Path, profiles: Mapping[str, DeviceProfile], context: Context) -> int:
    try:
        document = json.loads(path.read_text("utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise CommandError(context.texts("decode.no_json", path=path, reason=error)) from error
    if not isinstance(document, dict):
        raise CommandError(context.texts("decode.no_json", path=path, reason=type(document).__name__))
    results = check_vectors(document, profiles)
    counts = Counter(result.outcome for result in results)
    total = {name: counts[name] for name in ("pass", "fail", "unsupported")} | {"total": len(results)}
    if context.json:
        rows = [{"id": r.vector_id, "outcome": r.outcome, "reason": r.reason} for r in results]
        print(json.dumps({"vectors": rows} | total, ensure_ascii=False, indent=2), flush=True)
    else:
        for result in results:
            print(_line(result), flush=True)
        context.say(
            "decode.total",
            total=len(results),
            passed=counts["pass"],
            failed=counts["fail"],
            unsupported=counts["unsupported"],
        )
    return Exit.PROBLEM if counts["fail"] or not results else Exit.OK


def _line(result: VectorResult) -> str:
    reason = f"  {result.reason}" if result.reason else ""
    return f"{result.outcome:<11} {result.vector_id}{reason}"


VERB = _Decode()
