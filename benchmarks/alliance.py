"""How far an alliance's plan gets: bound over all coalitions, plans, gap and memory over time.

Regions are drawn by `vallum.region.synthetic` from a seed. `bound` logs block generation alone: what is
listed, what the master holds, the bound and the memory. `plan` logs value and bound of the first level, or
with `--levels` of all three. Each case runs in a process of its own; seconds of the processor stand beside
those of the clock, because the machine may be shared.

    python benchmarks/alliance.py {bound,plan} [--states 6 --programmes 150 --years 15 --classes 24]
        [--seed 1] [--money 0.085] [--lines 1.0] [--time-limit 120] [--levels]
"""

import argparse
import resource
import time

from machine import heading

INF = float("inf")


def row(*cells: object) -> None:
    """Print one row of a Markdown table."""
    print("|", " | ".join(map(str, cells)), "|", flush=True)


class Clock:
    """Seconds of the clock and of the processor, and largest memory, since the start."""

    def __init__(self) -> None:
        self.wall, self.used = time.perf_counter(), time.process_time()

    def cells(self) -> tuple[str, str, str]:
        """What a row of a log begins with."""
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        wall, used = time.perf_counter() - self.wall, time.process_time() - self.used
        return f"{wall:.1f}", f"{used:.1f}", f"{memory:.0f}"


def gap(value: float, bound: float) -> str:
    """Gap in percent of the value."""
    return f"{100 * (value - bound) / abs(value):.2f} %" if 0 < abs(value) < INF else "-"


def number(value: float | None) -> str:
    """A value or bound, a dash while there is none."""
    return "-" if value is None or abs(value) == INF else f"{value:.4f}"


def bound(chosen: argparse.Namespace) -> None:
    """Block generation alone."""
    import numpy as np

    from vallum.model.procurement.coalitions import Coalitions
    from vallum.model.procurement.formulation import formulate
    from vallum.model.procurement.generate import Master
    from vallum.model.procurement.listed import first_listed
    from vallum.model.procurement.pricing import blocks
    from vallum.model.procurement.relaxation import relax
    from vallum.solve import Budget, Limits

    given, budget, clock = region(chosen), Budget(Limits(time_limit=chosen.time_limit)), Clock()
    coalitions, relaxed = Coalitions(given), relax(given, budget)
    form = formulate(given, blocks(given, "joint", first_listed(given)), "joint")
    center = None if relaxed is None else relaxed.dual
    master = Master(form, 0, np.array([INF, INF]), budget, coalitions, center)
    master.seed()
    print("\nBuilt after", " s, ".join(clock.cells()[:2]), "s of the processor.\n")
    names = ("seconds", "processor s", "MB", "blocks listed", "columns by class", "in the master")
    row(*names, "master's value", "bound", "gap")
    row(*["---"] * (len(names) + 3))

    def log(value: float, best: float) -> None:
        sizes = len(master.form.blocks.step), len(master.by_class.columns), len(master.columns)
        row(*clock.cells(), *sizes, number(value), number(best), gap(value, best))

    master.solve(1.0, log, gap=1e-4)


def plan(chosen: argparse.Namespace) -> None:
    """A whole run."""
    from vallum.model.procurement import Stage, solve
    from vallum.solve import Limits

    given, clock = region(chosen), Clock()
    print()
    row("seconds", "processor s", "MB", "stage", "gap-years", "bound", "gap")
    row(*["---"] * 7)
    seen: set[tuple[str, float | None, float | None]] = set()

    def log(said: Stage) -> None:
        key = (said.stage, said.value, said.bound)
        if key not in seen:
            seen.add(key)
            cells = number(said.value), number(said.bound), gap(said.value or INF, said.bound or -INF)
            row(*clock.cells(), said.stage, *cells)

    # at any cost: the first level alone
    cost = None if chosen.levels else INF
    found = solve(given, "joint", Limits(time_limit=chosen.time_limit), log, cost=cost)
    print()
    for level in found.levels:
        print(f"* {level.name}: {level.value:.4f}, bound {level.bound:.4f}, gap {100 * level.gap:.2f} %")


def region(chosen: argparse.Namespace) -> "Problem":  # noqa: F821
    """The region drawn, indexed."""
    from vallum.model.procurement import problem
    from vallum.region.synthetic import synthetic

    return problem(
        synthetic(
            states=chosen.states,
            programmes=chosen.programmes,
            years=chosen.years,
            classes=chosen.classes,
            seed=chosen.seed,
            money=chosen.money,
            lines=chosen.lines,
        )
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("what", choices=("bound", "plan"))
    for name, usual in (("states", 6), ("programmes", 150), ("years", 15), ("classes", 24), ("seed", 1)):
        arguments.add_argument(f"--{name}", type=int, default=usual)
    arguments.add_argument("--money", type=float, default=0.085, help="share of what the whole need costs")
    arguments.add_argument("--lines", type=float, default=1.0, help="factor on the lines; 0.5: all halved")
    arguments.add_argument("--time-limit", type=float, default=120.0)
    arguments.add_argument("--levels", action="store_true", help="plan all three levels")
    chosen = arguments.parse_args()
    print(heading())
    (bound if chosen.what == "bound" else plan)(chosen)


if __name__ == "__main__":
    main()
