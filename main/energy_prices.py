"""What a kilowatt-hour of a plant earns on a day, from the tariffs: the price the engine works with."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache

from domain.plant import Plant
from domain.price import EnergyPrice, PriceOf
from revenue.tariff import SUBSIDY, Tariffs

_FEN_PER_YUAN = Decimal(100)


def prices_of(tariffs: Tariffs, plants: Mapping[str, Plant]) -> PriceOf:
    """Return what tells a price by the day of the energy.

    Whatever is no subsidy comes with the grid's month and counts to the benchmark part. A subsidy is nothing
    after its years; a plant with no price in force on a day has none.
    """

    @cache
    def price(plant_id: str, day: date) -> EnergyPrice | None:
        tariff = tariffs.of(plant_id)
        names = tariff.components_on(day)
        if not names:
            return None
        plant = plants.get(plant_id)
        ends = tariff.subsidy_ends(plant.grid_date) if plant is not None else None
        fen = {name: (tariff.price_on(name, day) or Decimal(0)) * _FEN_PER_YUAN for name in names}
        subsidy = fen.pop(SUBSIDY, Decimal(0))
        over = ends is not None and day >= ends
        return EnergyPrice(sum(fen.values(), Decimal(0)), Decimal(0) if over else subsidy)

    return price
