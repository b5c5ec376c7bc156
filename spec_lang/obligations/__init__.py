"""The narrow waist between claims and backends."""
