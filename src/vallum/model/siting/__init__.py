"""Where sensors stand: reach over a smooth earth, cover by kinds, and who pays."""

from vallum.model.siting.problem import Band, Kind, Options, Place, Purse, SensorType, Siting
from vallum.model.siting.reader import municipality, of_tables, require_sky, siting

__all__ = [
    "Band",
    "Kind",
    "Options",
    "Place",
    "Purse",
    "SensorType",
    "Siting",
    "municipality",
    "of_tables",
    "require_sky",
    "siting",
]
