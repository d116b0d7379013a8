"""The figures of the report: a module each, pure functions from a plan's tables to a `Figure`."""
