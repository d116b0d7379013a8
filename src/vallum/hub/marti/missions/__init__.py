"""Missions, which TAK clients call data synchronisation."""

from vallum.hub.marti.missions.routes import OPERATIONS

__all__ = ["OPERATIONS"]
