"""Time series behind a small port: DuckDB embedded, InfluxDB 2 or VictoriaMetrics by address."""
