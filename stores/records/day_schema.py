"""Tables of figures and losses by local day: computed, and computed again when late data come."""

from sqlalchemy import BigInteger, Column, Float, String, Table

from stores.records.schema import METADATA

DAY_FIGURES = Table(
    "day_figures",
    METADATA,
    Column("plant_id", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("device_id", String(128), primary_key=True),
    Column("energy_kwh", Float(53)),
    Column("expected_kwh", Float(53)),
    Column("lost_kwh", Float(53)),
    Column("performance_ratio", Float(53)),
    Column("time_availability", Float(53)),
    Column("completeness", Float(53)),
)

DAY_LOSSES = Table(
    "day_losses",
    METADATA,
    Column("plant_id", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("device_id", String(128), primary_key=True),
    Column("cause", String(32), primary_key=True),
    Column("lost_kwh", Float(53), nullable=False),
    Column("low_kwh", Float(53), nullable=False),
    Column("high_kwh", Float(53), nullable=False),
    Column("method", String(96), nullable=False),
    Column("benchmark_fen", BigInteger),
    Column("subsidy_fen", BigInteger),
)
