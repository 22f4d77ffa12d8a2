"""Medians and block-bootstrap intervals: whole blocks are drawn, since a machine drifts between blocks, not within one."""
import random
import statistics

DRAWS = 2000


def interval(blocks, figure, seed=1):
    """(figure of all blocks, 2.5th, 97.5th percentile over draws of blocks with replacement)."""
    rng = random.Random(seed)
    keys = sorted(blocks)
    drawn = sorted(figure([blocks[rng.choice(keys)] for _ in keys]) for _ in range(DRAWS))
    return figure([blocks[k] for k in keys]), drawn[int(0.025 * DRAWS)], drawn[int(0.975 * DRAWS) - 1]


def median_of_all(blocks):
    return statistics.median(value for block in blocks for value in block)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def slope(pairs):
    """Least squares through the origin of measured over predicted."""
    return sum(p * m for p, m in pairs) / sum(p * p for p, _ in pairs)
