"""The Defence Line as a schedule: projects by sector, steps, crews, permits, land, money, and what binds.

Formulas: docs/explanation/line.md. Works are counts by state and sector; no place of a work is modelled.
"""
