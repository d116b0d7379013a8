"""Invented units of several nations, so that a hub has something to show. Nothing in it is real."""
