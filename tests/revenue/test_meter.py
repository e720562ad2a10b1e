from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MoneyError
from revenue.meter import RegisterSpan, energy_kwh, modulus_of

registers = st.decimals(0, 999_999, places=2)


def test_a_register_that_went_back_is_refused_until_somebody_says_why() -> None:
    with pytest.raises(MoneyError, match="exchange"):
        RegisterSpan(Decimal(9), Decimal(1), Decimal(40)).energy_kwh()
    with pytest.raises(MoneyError, match="beyond"):
        RegisterSpan(Decimal(9), Decimal(1), Decimal(1), Decimal(5)).energy_kwh()
    with pytest.raises(MoneyError, match="digits"):
        modulus_of(2)


@given(registers, registers, st.integers(1, 5000))
def test_energy_is_never_negative_and_a_roll_over_conserves_it(
    start: Decimal, end: Decimal, multiplier: int
) -> None:
    modulus = modulus_of(6)
    whole = RegisterSpan(start, end, Decimal(multiplier), modulus)
    assert whole.energy_kwh() >= 0
    if end < start:
        up = RegisterSpan(start, Decimal("999999.99"), Decimal(multiplier), modulus)
        rest = RegisterSpan(Decimal(0), end, Decimal(multiplier), modulus)
        step = Decimal("0.01") * multiplier
        assert up.energy_kwh() + step + rest.energy_kwh() == whole.energy_kwh()


@given(registers, st.lists(st.decimals(0, 1000, places=2), min_size=1, max_size=6), st.integers(1, 500))
def test_an_exchange_conserves_energy(start: Decimal, rises: list[Decimal], multiplier: int) -> None:
    spans = [RegisterSpan(start, start + rises[0], Decimal(multiplier))]
    spans += [RegisterSpan(Decimal(0), rise, Decimal(multiplier)) for rise in rises[1:]]
    assert energy_kwh(spans) == sum(rises) * multiplier
