from hypothesis import given
from hypothesis import strategies as st

from access.throttle import Throttle


def wrong_times(throttle: Throttle, key: str, count: int, now_s: float = 0.0) -> None:
    for _ in range(count):
        throttle.wrong(key, now_s)


def test_the_first_tries_are_free_and_the_sixth_waits() -> None:
    throttle = Throttle(free=5)
    wrong_times(throttle, "li", 4)
    assert throttle.wait_s("li", 0.0) == 0.0
    wrong_times(throttle, "li", 1)
    assert throttle.wait_s("li", 0.0) == 1.0
    wrong_times(throttle, "li", 1)
    assert throttle.wait_s("li", 0.0) == 2.0


def test_the_wait_passes_and_never_exceeds_its_bound() -> None:
    throttle = Throttle(free=5, wait_max_s=60.0)
    wrong_times(throttle, "li", 500)
    assert throttle.wait_s("li", 0.0) == 60.0
    assert throttle.wait_s("li", 59.0) == 1.0
    assert throttle.wait_s("li", 60.0) == 0.0


def test_time_and_a_right_password_clear_the_slate() -> None:
    throttle = Throttle(free=2, forget_s=900.0)
    wrong_times(throttle, "li", 9)
    wrong_times(throttle, "wang", 9)
    throttle.right("li")
    assert throttle.wait_s("li", 0.0) == 0.0
    throttle.wrong("wang", 901.0)
    assert throttle.wait_s("wang", 901.0) == 0.0


def test_one_key_does_not_slow_another() -> None:
    throttle = Throttle(free=1)
    wrong_times(throttle, "li", 9)
    assert throttle.wait_s("wang", 0.0) == 0.0


def test_a_flood_is_told_once_per_wrong_try() -> None:
    throttle = Throttle(free=1)
    assert not throttle.tell_once("li")
    wrong_times(throttle, "li", 1)
    assert [throttle.tell_once("li") for _ in range(3)] == [True, False, False]


@given(st.lists(st.text(max_size=5), max_size=200))
def test_invented_names_never_fill_the_memory(names: list[str]) -> None:
    throttle = Throttle(keys_max=10)
    for name in names:
        throttle.wrong(name, 0.0)
    assert len(throttle) <= 10
