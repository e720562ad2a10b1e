from hypothesis import given
from hypothesis import strategies as st

from access.rate import RateLimit


def test_after_the_burst_so_many_a_minute_pass() -> None:
    limit = RateLimit(per_minute=60, burst=5)
    assert [limit.take("a", 0.0) for _ in range(5)] == [(0.0, left) for left in (4, 3, 2, 1, 0)]
    assert limit.take("a", 0.0) == (1.0, 0)
    assert limit.take("b", 0.0)[0] == 0
    assert limit.take("a", 1.0)[0] == 0
    assert limit.take("a", 1.0)[0] > 0


@given(st.lists(st.floats(0, 30), min_size=1, max_size=200))
def test_never_more_than_burst_and_rate_together_pass(pauses: list[float]) -> None:
    limit, now_s, passed = RateLimit(per_minute=30, burst=4), 0.0, 0
    for pause in pauses:
        now_s += pause
        passed += limit.take("a", now_s)[0] <= 0
    assert passed <= 4 + now_s * 0.5 + 1e-6


def test_a_flood_of_names_does_not_fill_the_memory() -> None:
    limit = RateLimit(per_minute=1, burst=1, keys_max=100)
    for number in range(1000):
        limit.take(str(number), 0.0)
    assert len(limit._left) == 100
