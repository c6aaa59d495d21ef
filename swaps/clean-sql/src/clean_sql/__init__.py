"""Clean stage on DuckDB: the rules stand in clean.sql, the rest here keeps the contract."""

__version__ = "0.2.0"
