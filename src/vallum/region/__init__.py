"""A region: what a group of states needs, has, may buy and can pay, as validated tables."""

from vallum.region.confidence import confidence
from vallum.region.region import Region, catalogue
from vallum.region.schema import TABLES
from vallum.region.write import write_folder

__all__ = ["TABLES", "Region", "catalogue", "confidence", "write_folder"]
