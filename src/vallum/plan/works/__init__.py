"""Schedules of works: made, kept, simulated, and what shortens them."""
