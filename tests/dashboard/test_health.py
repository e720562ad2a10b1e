"""/livez and /readyz: what a supervisor asks, without a login and without learning anything."""

from pathlib import Path

from tests.dashboard.fixtures import bare, few_plants, sample_registry


def test_a_process_that_answers_is_alive_and_ready_without_a_login(tmp_path: Path) -> None:
    world = bare(tmp_path, few_plants(sample_registry()))
    client = world.app().test_client()
    for path in ("/livez", "/readyz"):
        answer = client.get(path)
        assert (answer.status_code, answer.text) == (200, "ok\n")
        assert answer.headers["Cache-Control"] == "no-store"
    world.close()


def test_a_store_that_is_gone_is_not_ready_but_the_process_lives(tmp_path: Path) -> None:
    world = bare(tmp_path, few_plants(sample_registry()))
    client = world.app().test_client()
    world.services.sources.store.close()
    assert client.get("/readyz").status_code == 503
    assert client.get("/readyz").text == "samples cannot be read\n"
    assert client.get("/livez").status_code == 200
    world.close()
