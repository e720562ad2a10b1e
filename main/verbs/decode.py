"""`pvmon decode`: what do these registers say? And: do recorded vectors still read as their sources state?"""

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from domain.errors import CommandError
from inverters.frame_reading import read_frame
from inverters.profile import DeviceProfile, load_profiles
from inverters.readings import explain
from inverters.vectors import VectorResult, check_vectors
from main.cli import Context, Exit
from main.decode_output import Question, entry_of, frame_entry, state_of
from texts.loader import Texts

_WORDS_MAX = 125
_ADDRESS_MAX = 0xFFFF
_FRAME_MAX = 300


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
        parser.add_argument("--frame", action="append", metavar="HEX", help=say("decode.options.frame"))
        parser.add_argument("--profile", dest="named", metavar="P", help=say("decode.options.named"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Explain or check; exit 1 when a vector fails."""
        profiles = load_profiles(args.profiles)
        if args.vectors is not None:
            return _run_vectors(args.vectors, profiles, context)
        if args.frame:
            return _run_frames(args, profiles, context)
        args.profile = args.named or args.profile
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
            "readings": [entry_of(reading) for reading in readings],
        }
        _print(answer | state_of(profile, readings))
        return Exit.OK


def _profile(name: str, profiles: Mapping[str, DeviceProfile], texts: Texts) -> DeviceProfile:
    profile = profiles.get(name)
    if profile is None or not profile.points:
        known = ", ".join(sorted(name for name, one in profiles.items() if one.points))
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


def _print(answer: dict[str, Any]) -> None:
    print(json.dumps(answer, ensure_ascii=False, indent=2), flush=True)


def _run_frames(args: argparse.Namespace, profiles: Mapping[str, DeviceProfile], context: Context) -> int:
    """Explain whole frames; a request tells the address of the answer behind it. Exit 1 when one does not hold."""
    texts = context.texts
    named = args.named or args.profile
    question = Question(
        None if named is None else _profile(named, profiles, texts),
        None if args.address is None else _number(args.address, texts),
        _ratio(args.ct, texts),
        _ratio(args.pt, texts),
    )
    entries, holds = [], True
    for word in args.frame:
        reading = read_frame(_bytes(word, texts), ct_ratio=question.ct_ratio, pt_ratio=question.pt_ratio)
        entries.append(frame_entry(reading, question))
        holds = holds and reading.holds
        if reading.direction == "request" and args.address is None and reading.address is not None:
            question = replace(question, address=reading.address)
    _print({"frames": entries})
    return Exit.OK if holds else Exit.PROBLEM


def _bytes(word: str, texts: Texts) -> bytes:
    """Read a frame as it is printed in logs: hexadecimal, with or without blanks, commas, colons or 0x."""
    plain = re.sub(r"0[xX]|[\s,:;-]", "", word)
    try:
        frame = bytes.fromhex(plain)
    except ValueError:
        frame = b""
    if not 4 <= len(frame) <= _FRAME_MAX:
        raise CommandError(texts("decode.no_frame", word=word[:60], count_max=_FRAME_MAX))
    return frame


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
