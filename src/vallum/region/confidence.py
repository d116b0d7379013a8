"""How much of the money that a plan could spend rests on numbers of which confidence."""

import polars as pl

from vallum.region.region import Region

LEVELS = ("high", "medium", "low", "assumption")
"""Words of confidence, most trusted first."""


def confidence(region: Region) -> pl.DataFrame:
    """Share the planned money out by the confidence of the rows it rests on.

    Two views: ``purse``, what may be spent (plannable money of the years of the plan), and ``price``, what
    is asked for it (each programme at the greatest quantity that the state may order, base price carried to
    the base year with cost growth and price index, without savings of scale).

    Parameters
    ----------
    region : Region
        Rows with a missing number count as nought, so an unsound region can be asked as well.

    Returns
    -------
    polars.DataFrame
        Columns ``view`` (purse or price), ``state`` (null = the whole region), ``confidence``, ``meur`` (EUR
        million in prices of the base year) and ``share`` (0-1 of the state's money in that view; nought
        where there is none). Four rows for each view and state, in the order of `LEVELS`, the region first.

    Raises
    ------
    BadInput
        A setting that the views need is missing.
    """
    states = region.tables["states"].filter(pl.col("role") == "member")["state"].drop_nulls().to_list()
    return pl.concat(
        [_laid_out("purse", _purses(region), states), _laid_out("price", _prices(region), states)]
    )


def _purses(region: Region) -> pl.DataFrame:
    years = pl.col("year").is_between(int(region.setting("first_year")), int(region.setting("last_year")))
    return region.tables["purses"].filter(years).select("state", "confidence", meur="plannable_meur")


def _prices(region: Region) -> pl.DataFrame:
    base, index = region.setting("base_year"), region.setting("price_index_pct")
    level = (1 + pl.col("cost_growth_pct") / 100) * (1 + index / 100) ** (base - pl.col("price_year"))
    unit = pl.col("base_price_meur") / pl.col("base_quantity") * level
    return (
        region.tables["programme_states"]
        .select("programme_id", "state", "max_quantity")
        .join(region.tables["programmes"].with_columns(unit=unit), on="programme_id")
        .select("state", "confidence", meur=pl.col("max_quantity") * pl.col("unit"))
    )


def _laid_out(view: str, money: pl.DataFrame, states: list[str]) -> pl.DataFrame:
    both = pl.concat([money.with_columns(state=pl.lit(None, dtype=pl.String)), money])
    sums = both.group_by("state", "confidence").agg(pl.col("meur").sum())
    grid = pl.DataFrame({"state": [None, *states]}, schema={"state": pl.String}).join(
        pl.DataFrame({"confidence": LEVELS}), how="cross", maintain_order="left_right"
    )
    joined = grid.join(
        sums, on=["state", "confidence"], how="left", nulls_equal=True, maintain_order="left"
    ).with_columns(pl.col("meur").fill_null(0.0))
    total = pl.col("meur").sum().over("state")
    return joined.select(
        pl.lit(view).alias("view"),
        "state",
        "confidence",
        "meur",
        pl.when(total > 0).then(pl.col("meur") / total).otherwise(0.0).alias("share"),
    )
