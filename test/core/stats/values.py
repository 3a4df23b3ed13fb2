"""Computes test/core/stats/values.json: what SciPy and statsmodels say, for the tests of src/core/stats.

    pip install scipy==1.17.1 statsmodels==0.15.0
    python test/core/stats/values.py > test/core/stats/values.json && npx prettier --write test/core/stats/values.json
"""

import json
from math import comb, log, sqrt

import numpy as np
from scipy import optimize, special, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

out = {}

# Distributions.
out["studentTail"] = [
    {"t": t, "df": df, "p": stats.t.sf(t, df)}
    for df in (1, 2, 3.5, 9, 29, 300, 5000)
    for t in (-3.2, -0.4, 0, 1e-6, 0.7, 1, 1.7, 2.5, 4, 11, 40)
]
out["betaCdf"] = [
    {"x": x, "a": a, "b": b, "p": special.betainc(a, b, x)}
    for a, b in ((0.5, 0.5), (2, 3), (10, 0.5), (0.3, 7), (150, 120), (4000, 0.5))
    for x in (0.001, 0.1, 0.5, 0.56, 0.93, 0.9999)
]
out["chiSquareTail"] = [
    {"x": x, "df": df, "p": stats.chi2.sf(x, df)}
    for df in (1, 2, 5, 10, 40)
    for x in (0, 0.01, 0.5, 1, 3.84, 9, 25, 60, 150)
]
out["logGamma"] = [{"x": x, "y": special.gammaln(x)} for x in (0.01, 0.3, 0.5, 1, 1.5, 2, 3.7, 20, 171.3, 1e5)]
out["normalQuantile"] = [
    {"p": p, "x": stats.norm.ppf(p)} for p in (1e-12, 1e-5, 0.001, 0.025, 0.2, 0.4999, 0.5, 0.61, 0.8, 0.975, 0.99999)
]

# One-sided paired tests.
rng = np.random.default_rng(1)
samples = {
    "ones": [1, 1, 1, 1, 0],
    "binary": [int(x) for x in rng.choice([-1, 0, 0, 0, 1, 1], 40)],
    "worse": [int(x) for x in rng.choice([-1, -1, 0, 0, 1], 25)],
    "graded": [round(float(x), 4) for x in rng.normal(0.05, 0.2, 30).clip(-1, 1)],
    "few": [0.2, -0.1, 0.4],
    "clear": [round(float(x), 4) for x in rng.normal(0.6, 0.1, 120).clip(-1, 1)],
}


def bernstein(d):
    n = len(d)
    mean, variance = np.mean(d), np.var(d, ddof=1)
    if mean <= 0:
        return 1.0
    bound = lambda l: mean - sqrt(2 * variance * l / n) - 7 * 2 * l / (3 * (n - 1))
    l = optimize.brentq(bound, 1e-12, 1e4, xtol=1e-14, rtol=1e-14)
    return min(1.0, 2 * np.exp(-l))


out["better"] = [
    {
        "differences": d,
        "sign": stats.binomtest(sum(x > 0 for x in d), sum(x != 0 for x in d), alternative="greater").pvalue,
        "t": stats.ttest_rel(d, [0] * len(d), alternative="greater").pvalue,
        "bernstein": bernstein(d),
    }
    for d in samples.values()
]
out["sign"] = [
    {"up": up, "changes": n, "p": stats.binomtest(up, n, alternative="greater").pvalue}
    for up, n in ((1, 1), (0, 5), (5, 5), (7, 12), (600, 1100), (1050, 2000), (30, 100))
]

# Holm.
families = [[0.01, 0.04, 0.03, 0.005], [0.5], [0.2, 0.2, 0.01, 1, 0.0001, 0.04, 0.012], [0.6, 0.7, 0.9]]
out["holm"] = [
    {"ps": ps, "adjusted": [float(p) for p in multipletests(ps, method="holm")[1]]} for ps in families
]

# Paired permutation, two-sided. Exact: SciPy enumerates all flips.
small = {
    "binary": [1, 1, 1, 1, 1, 1, -1, 0, 0, 0, 1, 0],
    "thirds": [1 / 3, 2 / 3, -1 / 3, 0, 1, 2 / 3, 1 / 3, -1 / 3, 0],
    "graded": [0.123, -0.045, 0.311, 0.002, 0.27, -0.091, 0.18, 0.033, 0.41, -0.2],
    "negative": [-0.31, 0.02, -0.118, -0.274, -0.05, 0.13, -0.44],
}


def permutation(d, **how):
    statistic = lambda x, y, axis: np.mean(x - y, axis=axis)
    zeros = np.zeros(len(d))
    return stats.permutation_test(
        (np.array(d, float), zeros), statistic, permutation_type="samples", vectorized=True, **how
    ).pvalue


out["permutation"] = [{"differences": d, "p": permutation(d, n_resamples=np.inf)} for d in small.values()]
long = [round(float(x), 5) for x in rng.normal(0.06, 0.15, 60)]
out["permutationLong"] = {
    "differences": long,
    "p": permutation(long, n_resamples=1_000_000, batch=20_000, rng=np.random.default_rng(2)),
}

# BCa on the very resamples that SciPy drew, and over a million of its own. Dyadic steps, so that ties are exact.
boot = {
    "skewed": [0.12, -0.05, 0.3, 0, 0.07, -0.11, 0.22, 0.18, -0.02, 0.09, 0.4, -0.21, 0.95],
    "quarters": [0.25, 0, 0, 0.5, -0.25, 0, 0.75, 1, 0, 0.25, 0, 0, -0.5, 0.25, 0, 1],
}
out["bca"] = []
for d in boot.values():
    drawn = stats.bootstrap((d,), np.mean, method="BCa", n_resamples=400, rng=np.random.default_rng(3))
    many = stats.bootstrap((d,), np.mean, method="BCa", n_resamples=1_000_000, batch=20_000, rng=np.random.default_rng(4))
    out["bca"].append(
        {
            "differences": d,
            "means": [float(x) for x in drawn.bootstrap_distribution],
            "low": drawn.confidence_interval.low,
            "high": drawn.confidence_interval.high,
            "manyLow": many.confidence_interval.low,
            "manyHigh": many.confidence_interval.high,
        }
    )

# Ranks, Friedman.
tables = [
    [[0.763, 0.768, 0.771, 0.798], [0.599, 0.591, 0.590, 0.569], [0.954, 0.971, 0.968, 0.967],
     [0.628, 0.661, 0.654, 0.657], [0.882, 0.888, 0.886, 0.898], [0.936, 0.931, 0.916, 0.931]],
    [[0.5, 0.5, 0.7], [0.1, 0.2, 0.3], [0.4, 0.4, 0.4], [0.9, 0.2, 0.2], [0.6, 0.7, 0.8]],
    [[float(x) for x in row] for row in rng.integers(0, 10, (12, 7)) / 10],
]
out["friedman"] = []
for rows in tables:
    statistic, p = stats.friedmanchisquare(*zip(*rows))
    ranks = [[float(r) for r in stats.rankdata([-x for x in row])] for row in rows]
    out["friedman"].append(
        {"rows": rows, "meanRanks": [float(x) for x in np.mean(ranks, axis=0)], "statistic": statistic, "p": p}
    )

# Points of the studentized range for 2..20 groups: the table in src/core/stats/ranks.ts.
out["studentizedRange"] = {
    str(alpha): [float(stats.studentized_range.ppf(1 - alpha, k, np.inf)) for k in range(2, 21)]
    for alpha in (0.05, 0.1)
}


# Power of McNemar's exact test (two-sided, 0.05), summed over all tables: the fewest examples from which on it is 80 %.
def exact_power(n, gained, lost):
    changes = np.arange(0, n + 1)
    # A split of m changes is significant when the smaller side is at most this.
    least = stats.binom.ppf(0.025, changes, 0.5)
    least = np.where(stats.binom.cdf(least, changes, 0.5) > 0.025, least - 1, least)
    share = gained / (gained + lost)
    reject = stats.binom.cdf(least, changes, share) + stats.binom.sf(changes - least - 1, changes, share)
    return float(np.sum(stats.binom.pmf(changes, n, gained + lost) * reject))


def fewest(gained, lost):
    n = 6
    while exact_power(n, gained, lost) < 0.8:
        n = int(n * 1.05) + 1
    while n > 6 and min(exact_power(m, gained, lost) for m in range(max(6, n - 12), n)) >= 0.8:
        n -= 1
    return n


out["changes"] = [
    {"gained": g, "lost": l, "n": fewest(g, l)}
    for g, l in ((0.2, 0.1), (0.15, 0.1), (0.12, 0.04), (0.05, 0.02), (0.4, 0.2), (0.3, 0.05), (0.1, 0.13), (0.1, 0))
]
out["mean"] = [
    {"d": d, "sd": sd, "n": TTestPower().solve_power(effect_size=abs(d) / sd, alpha=0.05, power=0.8)}
    for d, sd in ((0.05, 0.3), (0.02, 0.25), (-0.1, 0.35), (0.01, 0.4), (0.2, 0.3))
]


def plain(x):
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain(value) for value in x]
    return x.item() if isinstance(x, np.generic) else x


print(json.dumps(plain(out)))
