"""How things are kept: measurements in DuckDB or InfluxDB, records in a relational database."""
