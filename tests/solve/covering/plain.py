"""Covering reckoned in plain Python, from the definition; shares nothing with the code it checks."""

from itertools import combinations, product
from math import prod

from vallum.solve.covering import Cover


def worth(problem: Cover, x: list[int], lost: int | None = None) -> float:
    """Weighted mean over rows of the worth of every set of kinds that may serve, times its probability."""
    share, kind = problem.share, problem.kind.tolist()
    sight, depth, weight = problem.sight.tolist(), problem.depth.tolist(), problem.weight.tolist()
    kinds = [c for c in range(len(sight[0])) if c != lost]
    start, option, part = share.indptr.tolist(), share.indices.tolist(), share.data.tolist()
    total = 0.0
    for r in range(len(weight)):
        covered = [0.0] * len(sight[r])
        for e in range(start[r], start[r + 1]):
            covered[kind[option[e]]] += part[e] * x[option[e]]
        chance = {c: sight[r][c] * min(1.0, covered[c]) for c in kinds}
        for size in range(len(kinds) + 1):
            for serving in combinations(kinds, size):
                happens = prod(chance[c] if c in serving else 1.0 - chance[c] for c in kinds)
                total += weight[r] * happens * sum(depth[:size])
    return total / sum(weight) if sum(weight) else 0.0


def least(problem: Cover, x: list[int]) -> float:
    """Worth, or the least of the worths without one of the kinds that may be lost."""
    return min(worth(problem, x, c) for c in problem.lost) if problem.lost else worth(problem, x)


def fits(problem: Cover, x: list[int]) -> bool:
    """Whole numbers within `most` and every budget, to a billionth."""
    if any(not 0 <= n <= m or n != int(n) for n, m in zip(x, problem.most.tolist(), strict=True)):
        return False
    cost = problem.cost.tolist()
    for marked, budget in zip(problem.spend.tolist(), problem.budget.tolist(), strict=True):
        if sum(c * n for c, n, m in zip(cost, x, marked, strict=True) if m) > budget + 2e-9 * max(
            1.0, budget
        ):
            return False
    return True


def greatest(problem: Cover) -> float:
    """Greatest worth of all sitings that fit, one after the other."""
    every = product(*(range(m + 1) for m in problem.most.tolist()))
    return max(least(problem, list(x)) for x in every if fits(problem, list(x)))
