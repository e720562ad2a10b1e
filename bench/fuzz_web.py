"""Web campaign: the whole data interface by its own description, and hostile posts to every callback.

``python -m bench.fuzz_web --examples 200 --posts 10000`` (make campaign-web). No answer may be a 5xx, none may differ
from the description, and without a token nothing may be told. A failure prints seed and body.
"""

import argparse
import copy
import json
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1,
    2**62,
    1e308,
    "",
    "x",
    "1",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "' OR '1'='1",
    "=1+1",
    "\u202e",
    "\x00",
    "2026-02-30",
    "9999-12-31",
    "0000-00",
    "2026-07",
    "x" * 19_000,
    [],
    ["x"] * 50,
    [[[[]]]],
    {},
    {"plant": 7, "device": ["x"]},
    {"plant": None},
    {"contents": "data:;base64,AAAA"},
    {"points": [{"x": None}]},
)


_QUERIES = (
    *(
        "",
        "?",
        "?kind=brief&day=2026-06-17",
        "?kind=plant&subject=x&day=9999-99",
        "?kind=<script>&subject=../..&day=",
    ),
    *(
        "?kind=village&subject=' OR '1'='1&day=0000-00-00",
        "?mode=strings&device=x&from=a&to=b",
        "?month=2026-13",
    ),
    *(
        "?picks=x:y,,:,&from=1900-01-01&to=9999-12-31",
        "?tab=papers&from=\x00",
        "?code=0000-0000",
        "?all=1&all=2",
    ),
)


def _paths() -> list[str]:
    """Return the address of every page, its parts filled with something odd: each is drawn, the reports too."""
    from dashboard.factory import pages

    odd = ("x", "611002001", "%2e%2e", "' OR 1=1", "<b>")
    return [
        "/app" + "/".join(odd[len(part) % len(odd)] if "<" in part else part for part in page.path.split("/"))
        for page in pages()
    ]


def fuzz_api(app: Any, token: str, examples: int, seed: int = 7) -> Mapping[str, int]:
    """Ask every question of the description, sound and unsound, with a token; return how often by kind.

    Raises
    ------
    Exception
        schemathesis's own, with the request that failed.
    """
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded
    from schemathesis import GenerationMode

    # what a client in the process gets packed it does not unpack
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, headers=headers)
    counts: Counter[str] = Counter()
    quiet = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    checks = _checks()
    for found in schema.get_all_operations():
        untyped: Any = found
        operation = untyped.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.NEGATIVE and not operation.definition.raw.get("parameters"):
                continue

            @quiet
            @seeded(seed)
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                response = case.call(headers=headers)
                case.validate_response(response, checks=checks, headers=headers)
                bare = case.call(headers={"Authorization": "Bearer nonsense"})
                assert bare.status_code in {401, 429}, (case.path, bare.status_code)
                counts["asked"] += 1
                counts[str(response.status_code)] += 1

            ask()
    return dict(counts)


def _checks() -> list[Any]:
    from schemathesis import checks

    return [
        checks.not_a_server_error,
        checks.CHECKS.get_one("status_code_conformance"),
        checks.CHECKS.get_one("content_type_conformance"),
        checks.CHECKS.get_one("response_headers_conformance"),
        checks.CHECKS.get_one("response_schema_conformance"),
    ]


def fuzz_callbacks(app: Any, client: Any, csrf: str, posts: int, seed: int = 7) -> Mapping[int, int]:
    """Post hostile bodies to the callbacks; return how often each status came.

    Raises
    ------
    AssertionError
        A status was 5xx, or an answer showed the inside; the body is in the message.
    """
    random, counts = Random(seed), Counter[int]()
    callbacks = app.extensions["pvmon_guard"].callbacks
    served = [(name, spec) for name, spec in callbacks.items() if "callback" in spec]
    for number in range(posts):
        name, spec = random.choice(served)
        body = _mutated(_body(name, spec, random), random)
        answer = client.post(
            "/app/_dash-update-component",
            data=json.dumps(body),
            content_type="application/json",
            headers={"X-CSRFToken": csrf},
        )
        text = answer.get_data(as_text=True)
        assert answer.status_code < 500 or answer.status_code == 503, (
            f"seed {seed} post {number}: {answer.status_code} for {json.dumps(body)[:2000]}"
        )
        assert "Traceback" not in text, f"seed {seed} post {number}"
        counts[answer.status_code] += 1
    return dict(counts)


def _body(name: str, spec: Mapping[str, Any], random: Random) -> dict[str, Any]:
    """Return a body of the right shape with hostile values."""

    def entry(one: Mapping[str, str]) -> Any:
        if one["id"].startswith("{"):
            pattern = {
                key: random.choice(["x", 1]) if value in (["ALL"], ["MATCH"], ["ALLSMALLER"]) else value
                for key, value in json.loads(one["id"]).items()
            }
            return [{"id": pattern, "property": one["property"], "value": random.choice(_VALUES)}]
        value = random.choice(_VALUES)
        if one["id"] == "url" and random.random() < 0.7:
            value = random.choice(places[one["property"]])
        return {"id": one["id"], "property": one["property"], "value": value}

    places = {"pathname": _paths(), "search": _QUERIES}
    parts = [part.rpartition(".") for part in name.strip(".").split("...")]
    outputs = [{"id": part, "property": prop} for part, _, prop in parts]
    inputs = [entry(one) for one in spec["inputs"]]
    return {
        "output": name,
        "outputs": outputs if name.startswith("..") else outputs[0],
        "inputs": inputs,
        "state": [entry(one) for one in spec["state"]],
        "changedPropIds": [f"{one['id']}.{one['property']}" for one in inputs if isinstance(one, dict)][:1],
    }


def _mutated(body: dict[str, Any], random: Random) -> Any:
    """Return the body, in one of three cases with a part broken."""
    if random.random() < 0.67:
        return body
    broken = copy.deepcopy(body)
    key = random.choice(list(broken))
    act = random.randrange(4)
    if act == 0:
        del broken[key]
    elif act == 1:
        broken[key] = random.choice(_VALUES)
    elif act == 2 and isinstance(broken[key], list):
        broken[key] = broken[key] * 3
    else:
        broken[random.choice(["x", "__class__", "parsedChangedPropsIds"])] = random.choice(_VALUES)
    return broken


def main(words: list[str] | None = None) -> int:
    """Run the campaign over the small district of the tests."""
    parser = argparse.ArgumentParser(prog="bench.fuzz_web")
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args(words)
    logging.getLogger("dashboard.guard").setLevel(logging.ERROR)  # what is refused is counted below
    from tests.api.faces import small_face
    from tests.dashboard.fixtures import login

    with tempfile.TemporaryDirectory() as folder:
        face = small_face(Path(folder))
        try:
            told = fuzz_api(face.app, face.tokens["all"], args.examples, args.seed)
            print("data interface:", json.dumps(told, sort_keys=True), flush=True)
            for user in ("om", "accountant", "admin"):
                client = face.app.test_client()
                found = fuzz_callbacks(face.app, client, login(client, user), -(-args.posts // 3), args.seed)
                print(f"callbacks as {user}:", json.dumps(found, sort_keys=True), flush=True)
        finally:
            face.world.close()
    print("no 5xx, nothing but what is described, nothing without a token")
    return 0


if __name__ == "__main__":
    sys.exit(main())
