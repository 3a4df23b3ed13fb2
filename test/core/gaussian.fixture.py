"""Writes gaussian.fixture.json: values that test/core/{normal,pca,gaussian,acquisition}.test.ts compare with.

Computed by other programs than ours: scikit-learn's GaussianProcessRegressor, scipy.optimize, NumPy's SVD, and
mpmath with 50 digits. Run with: pip install numpy scipy scikit-learn mpmath; python gaussian.fixture.py,
and then prettier on the file.
"""

import json
import pathlib

import mpmath
import numpy as np
from scipy.optimize import minimize
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

mpmath.mp.dps = 50
random = np.random.RandomState(20240501)


def normal():
    points = [-38, -20, -9.5, -6, -3.0001, -3, -2.9999, -1.7, -0.3, -1e-9, 0, 0.25, 1, 2.5, 3, 3.5, 6, 9]
    return [{"x": x, "pdf": float(mpmath.npdf(x)), "cdf": float(mpmath.ncdf(x))} for x in points]


def improvement():
    cases = []
    for mean, sd, best in [(0.3, 0.2, 0.25), (-1, 0.7, 1.2), (2, 0.5, 1), (0, 1, 3.5), (-2, 0.3, 1), (0, 0.1, 1.5), (1, 1e-6, 1.01)]:
        m, s, b, xi = (mpmath.mpf(v) for v in (mean, sd, best, 0.01))
        u = (m - b - xi) / s
        value = (m - b - xi) * mpmath.ncdf(u) + s * mpmath.npdf(u)
        cases.append({"mean": mean, "sd": sd, "best": best, "value": float(value)})
    return cases


def schedule():
    delta = mpmath.mpf(0.1)
    return [
        {"t": t, "beta": float(mpmath.sqrt(2 * mpmath.log(t**2 * mpmath.pi**2 / (6 * delta))))} for t in (1, 2, 5, 40)
    ]


JITTER = 1e-6


def process(n, d, length_scale, variance):
    x = random.uniform(-1, 1, size=(n, d))
    score = np.clip(0.5 + 0.3 * np.sin(2 * x[:, 0]) + 0.1 * random.normal(size=n), 0, 1)
    counts = random.randint(8, 60, size=n)
    scale = score.std()
    y = (score - score.mean()) / scale
    noise = score * (1 - score) / counts / scale**2
    queries = np.vstack([random.uniform(-1.5, 1.5, size=(5, d)), x[:2]])

    def regress(parameters):
        kernel = ConstantKernel(parameters[1]) * Matern(length_scale=parameters[0], nu=2.5)
        return GaussianProcessRegressor(kernel, alpha=noise + JITTER, optimizer=None).fit(x, y)

    gp = regress([length_scale, variance])
    mean, sd = gp.predict(queries, return_std=True)

    # The likeliest kernel in [0.1, 10]^2, from many starts.
    bounds = [(np.log(0.1), np.log(10))] * 2
    lost = lambda logs: -regress(np.exp(logs)).log_marginal_likelihood_value_
    starts = [(a, b) for a in np.linspace(*bounds[0], 7) for b in np.linspace(*bounds[1], 5)]
    best = min((minimize(lost, start, bounds=bounds) for start in starts), key=lambda found: found.fun)
    return {
        "x": x.tolist(),
        "scores": score.tolist(),
        "counts": counts.tolist(),
        "y": y.tolist(),
        "noise": noise.tolist(),
        "kernel": {"lengthScale": length_scale, "variance": variance},
        "logLikelihood": float(gp.log_marginal_likelihood_value_),
        "queries": queries.tolist(),
        "mean": mean.tolist(),
        "sd": sd.tolist(),
        "bestLogLikelihood": float(-best.fun),
    }


def components(n, d, most):
    points = random.normal(size=(n, d)) * np.linspace(2, 0.3, d)
    u, s, _ = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    coordinates = (u * s)[:, :most]
    largest = np.abs(coordinates).argmax(axis=0)
    coordinates *= np.sign(coordinates[largest, range(most)])
    return {"points": points.tolist(), "most": most, "coordinates": coordinates.tolist()}


def farthest():
    points = random.uniform(size=(12, 3))
    chosen = [0]
    while len(chosen) < 6:
        apart = np.linalg.norm(points[:, None] - points[chosen][None], axis=2).min(axis=1)
        chosen.append(int(apart.argmax()))
    return {"points": points.tolist(), "chosen": chosen}


fixture = {
    "normal": normal(),
    "improvement": improvement(),
    "schedule": schedule(),
    "processes": [process(6, 2, 0.8, 1.0), process(25, 5, 1.7, 0.6), process(40, 3, 0.15, 3.0)],
    "components": [components(7, 12, 4), components(20, 5, 5), components(85, 6, 3)],
    "farthest": farthest(),
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(fixture, indent=1) + "\n")
