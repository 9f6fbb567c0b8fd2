"""Writes the table and the plot of quality against network evaluations, from the scores that `./safelight evaluate` kept.

    pip install -r docs/models/requirements.txt
    python3 docs/models/quality.py

Reads scores.jsonl of this folder (every line is one answer of `./safelight evaluate --scores`), replaces what README.md has
between its two marks, and draws quality.png. Nothing is chosen here but which way of sampling stands for a family.
"""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from scipy.stats import t as student

HERE = Path(__file__).parent
MARKS = "<!-- quality -->\n", "<!-- end of quality -->\n"
COLUMNS = [1, 2, 4, 10, 25, 50, 100, 250, 1000]
UNSAID = {"class", "seed", "count", "strict", "steps", "spacing", "eta"}
"""Fields of an input that say nothing of the way of sampling, or what the table is about."""
SEEDS = 3
"""Fewer say nothing of the interval, so more pictures of fewer seeds are passed over."""
FULL = 1000
"""Pictures a seed; points of fewer are drawn hollow, since a Fréchet distance grows as pictures get fewer."""


@dataclass(frozen=True)
class Way:
    """A line of the table: the settings that stand for it, and what N steps cost."""

    label: str
    model: str
    settings: dict
    cost: Callable[[int], int] = lambda steps: steps

    def fits(self, entry: dict) -> bool:
        said = {name: value for name, value in entry["input"].items() if name not in UNSAID}
        return entry["model"] == self.model and said == self.settings and entry["input"]["spacing"] == "trailing"


PLAIN, GUIDED = {"guidance": 1.0}, {"guidance": 2.0}
WAYS = [
    Way("`fashion`, `ddim`", "fashion", {"sampler": "ddim", **PLAIN}),
    Way("`fashion`, `ddpm`, small variance", "fashion", {"sampler": "ddpm", **PLAIN}),
    Way("`fashion`, `ddpm`, large variance", "fashion", {"sampler": "ddpm", "variance": "large", **PLAIN}),
    Way("`fashion`, `analytic-ddpm`", "fashion", {"sampler": "analytic-ddpm", **PLAIN}),
    Way("`fashion`, `dp`", "fashion", {"sampler": "dp", **PLAIN}),
    Way("`fashion`, `ddim`, guidance 2", "fashion", {"sampler": "ddim", **GUIDED}),
    Way("`fashion`, `ddim`, unconditional", "fashion", {"sampler": "ddim", "guidance": 0.0}),
    Way("`fashion`, `ddim`, by the guide", "fashion", {"sampler": "ddim", "guidance": 0.0, "classifier_guidance": 1.0}),
    Way("`fashion-vp`, `pf-ode`", "fashion-vp", {"sampler": "pf-ode", **PLAIN}, lambda steps: 2 * steps),
    Way("`fashion-sub-vp`, `pf-ode`", "fashion-sub-vp", {"sampler": "pf-ode", **PLAIN}, lambda steps: 2 * steps),
    Way("`score`, `sde-reverse-diffusion`", "score", {"sampler": "sde-reverse-diffusion", **PLAIN}),
    Way("`score`, `sde-pc`", "score", {"sampler": "sde-pc", **PLAIN}, lambda steps: 2 * steps),
    Way("`score`, `pf-ode`", "score", {"sampler": "pf-ode", **PLAIN}, lambda steps: 2 * steps),
    Way("`score`, `annealed-langevin`", "score", {"sampler": "annealed-langevin", **PLAIN}, lambda steps: 5 * steps + 1),
    Way("`gamma`", "gamma", {"sampler": "gamma", **PLAIN}),
    Way("`mixture`", "mixture", {"sampler": "mixture", **PLAIN}),
    Way("`cold-blur`, algorithm 2", "cold-blur", {"sampler": "cold", "algorithm": 2, **PLAIN}),
    Way("`cold-pixelate`, algorithm 2", "cold-pixelate", {"sampler": "cold", "algorithm": 2, **PLAIN}),
    Way("`cold-fade`, algorithm 2", "cold-fade", {"sampler": "cold", "algorithm": 2, **PLAIN}),
    Way("`refined`, DiffuseVAE 1, `ddim`", "refined", {"sampler": "ddim", **PLAIN}),
    Way("`refined-residual`, DiffuseVAE 2, `ddim`", "refined-residual", {"sampler": "ddim", **PLAIN}),
]


def interval(values: list[float]) -> tuple[float, float]:
    """Mean and half of the 95 % interval by Student's law; infinite for one value."""
    if len(values) == 1:
        return values[0], float("inf")
    return fmean(values), student.ppf(0.975, len(values) - 1) * stdev(values) / len(values) ** 0.5


@dataclass(frozen=True)
class Point:
    evaluations: int
    pictures: int
    recognised: float
    frechet: tuple[float, float] | None

    def text(self) -> str:
        share = f"{self.recognised:.2f}"
        if self.frechet is None:
            return f"– ({share})"
        mean, half = self.frechet
        spread = "" if half == float("inf") else f" ± {half:.1f}"
        star = "" if self.pictures >= FULL else "*"
        return f"{mean:.1f}{spread}{star} ({share})"


def points(way: Way, entries: list[dict]) -> list[Point]:
    """One for each number of steps, of as many pictures as enough seeds have."""
    found = []
    of_way = [entry for entry in entries if way.fits(entry)]
    for steps in sorted({entry["input"]["steps"] for entry in of_way}):
        alike = [entry for entry in of_way if entry["input"]["steps"] == steps]
        by_count: dict[int, dict[int, dict]] = defaultdict(dict)
        for entry in alike:
            by_count[entry["each"]][entry["input"]["seed"]] = entry["scores"]
        most = max(by_count, key=lambda each: (len(by_count[each]) >= SEEDS, each))
        scores = list(by_count[most].values())
        recognised = fmean(fmean(one["accuracyOfClass"]) for one in scores)
        known = all(one.get("frechet") is not None for one in scores)
        frechet = interval([one["frechet"] for one in scores]) if known else None
        found.append(Point(way.cost(steps), scores[0]["pictures"], recognised, frechet))
    return found


def table(curves: dict[str, list[Point]]) -> str:
    lines = [f"| | {' | '.join(map(str, COLUMNS))} | other |", "|---" * (len(COLUMNS) + 2) + "|"]
    for label, found in curves.items():
        cells = {point.evaluations: point.text() for point in found}
        others = "; ".join(f"{n}: {text}" for n, text in cells.items() if n not in COLUMNS)
        lines.append(f"| {label} | {' | '.join(cells.get(column, '') for column in COLUMNS)} | {others} |")
    return "\n".join(lines) + "\n"


def plot(curves: dict[str, list[Point]], path: Path) -> None:
    figure, axes = pyplot.subplots(figsize=(9, 6), dpi=100)
    markers = "osD^v<>Ph*Xdp"
    for i, (label, found) in enumerate(curves.items()):
        judged = [point for point in found if point.frechet is not None]
        if not judged:
            continue
        color = matplotlib.colormaps["tab20"](i % 20)
        evaluations = [point.evaluations for point in judged]
        means = [point.frechet[0] for point in judged]
        axes.plot(evaluations, means, color=color, linewidth=1)
        for point in judged:
            half = point.frechet[1] if point.frechet[1] != float("inf") else 0
            axes.errorbar(
                point.evaluations,
                point.frechet[0],
                yerr=min(half, 0.9 * point.frechet[0]),
                marker=markers[i % len(markers)],
                markersize=6,
                color=color,
                markerfacecolor=color if point.pictures >= FULL else "white",
                elinewidth=0.8,
            )
        axes.plot([], [], color=color, marker=markers[i % len(markers)], label=label.replace("`", ""))
    axes.axhline(0.98, color="black", linewidth=0.8, linestyle=":", label="other real pictures")
    axes.axhline(206.7, color="black", linewidth=0.8, linestyle="--", label="noise")
    axes.set(xscale="log", yscale="log", xlabel="network evaluations", ylabel="Fréchet distance in the judge's features")
    axes.set_xticks(COLUMNS, [str(column) for column in COLUMNS])
    axes.set_xticks([], minor=True)
    axes.set_yticks([1, 2, 5, 10, 20, 50, 100, 200], ["1", "2", "5", "10", "20", "50", "100", "200"])
    axes.set_yticks([], minor=True)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.01, 0.5))
    figure.tight_layout()
    figure.savefig(path, metadata={"Software": None})


def main() -> None:
    lines = (HERE / "scores.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines if line.strip()]
    curves = {way.label: points(way, entries) for way in WAYS}
    curves = {label: found for label, found in curves.items() if found}
    page = HERE / "README.md"
    text = page.read_text()
    begin, end = text.index(MARKS[0]) + len(MARKS[0]), text.index(MARKS[1])
    page.write_text(text[:begin] + table(curves) + text[end:])
    plot(curves, HERE / "quality.png")


if __name__ == "__main__":
    main()
