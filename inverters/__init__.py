"""What field devices mean: inverters first, also loggers, meters and weather stations."""
