"""Bounds of the likelihood of held-out pictures under the variances of DDPM and of Analytic-DPM, in bits for each number.

Bao et al. 2022 report that the optimal variance has the best likelihood at every number of steps. All of them share the mean of
a step, so the bound tells them apart by the variance alone: for each step s < r with the forward variance beta, its posterior
beta~ and the estimate D of x0,

    (beta~ / V - 1 + ln(V / beta~)) / 2 + (a_s beta / s_r^2)^2 |x0 - D|^2 / (2 V)

and in the end the byte's own mass under a normal law around D, the same for all. Steps are even (trailing). Groups of test
pictures are disjoint, so that differences between variances, taken group by group, have an interval. The table of the optimal
variance was measured on training pictures. What is left out is the same for all: how far x_T is from noise.
"""

import argparse
import json
import math
from pathlib import Path
from statistics import fmean, stdev

import torch
from torch import Tensor

from models.export.tables import decoder_nll
from models.train import evaluation, idx
from models.train.fashion import process

STUDENT = {3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 8: 2.365, 10: 2.262}
"""Two-sided 95 % of Student's law by the number of groups."""


def even(schedule, steps: int) -> list[int]:
    return [round(schedule.steps - i * schedule.steps / steps) - 1 for i in range(steps)]


def variances(schedule, power: list[float], r: int, s: int) -> tuple[dict[str, float], float, float]:
    """The variance of a step by name, its posterior variance, and the square of what an error of D weighs in the mean."""
    a, n = schedule.signal.tolist(), schedule.noise.tolist()
    beta = 1 - (a[r] / a[s]) ** 2
    posterior = beta * n[s] ** 2 / n[r] ** 2
    spread = min(max((n[r] / a[r]) ** 2 * (1 - power[r]), 0), 1)
    # The mean's weight of x0, once more: the optimal variance adds what x0 varies by, seen through it.
    weight = (a[s] * beta / n[r] ** 2) ** 2
    return {"analytic": posterior + weight * spread, "small": posterior, "large": beta}, posterior, weight


@torch.inference_mode()
def errors(denoiser, schedule, clean: Tensor, labels: Tensor, noise: Tensor, index: int, rows: int) -> tuple[Tensor, Tensor]:
    """The estimate D of every picture, and its mean square error [N]."""
    a, s = schedule.signal[index].item(), schedule.noise[index].item()
    x = a * clean + s * noise
    t = torch.full((len(clean),), float(index))
    v = torch.cat([denoiser(*part) for part in zip(x.split(rows), t.split(rows), labels.split(rows))])
    estimate = a * x - s * v
    return estimate, (clean - estimate).double().square().mean(dim=(1, 2, 3))


def interval(values: list[float]) -> str:
    half = STUDENT[len(values)] * stdev(values) / math.sqrt(len(values))
    return f"{fmean(values):+.4f} ± {half:.4f}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=idx.DEBIAN_FASHION_MNIST)
    arguments.add_argument("--bundle", type=Path, default=Path("models/fashion"))
    arguments.add_argument("--steps", type=int, nargs="+", default=[5, 10, 25, 50, 100])
    arguments.add_argument("--groups", type=int, choices=STUDENT, default=5)
    arguments.add_argument("--each", type=int, default=10, help="pictures of each class in a group")
    arguments.add_argument("--seed", type=int, default=7)
    arguments.add_argument("--rows", type=int, default=25, help="rows a call")
    arguments.add_argument("--threads", type=int, default=1)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    schedule = process()
    denoiser = torch.jit.load(options.bundle / "denoiser.pt").eval()
    tables = {name: json.loads((options.bundle / "tables" / f"{name}.json").read_text()) for name in ("noise-power", "clean-error")}
    pictures, labels = idx.images(options.data, "t10k"), idx.labels(options.data, "t10k")
    chosen, asked = evaluation.balanced(pictures, labels, options.groups * options.each)
    clean = idx.scaled(chosen)
    # Class by class in file order: every group takes its share of each.
    group = torch.arange(len(clean)) % (options.groups * options.each) // options.each
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(options.seed))
    error, last = {}, {}
    for index in sorted({index for steps in options.steps for index in even(schedule, steps)}):
        estimate, square = errors(denoiser, schedule, clean, asked, noise, index, options.rows)
        error[index] = [square[group == g].mean().item() for g in range(options.groups)]
        if index in {even(schedule, steps)[-1] for steps in options.steps}:
            spread = tables["clean-error"][index]
            last[index] = [decoder_nll(clean[group == g], estimate[group == g], spread) for g in range(options.groups)]
    print("| steps | analytic | small | large | small − analytic | large − analytic |\n|---|---|---|---|---|---|")
    for steps in options.steps:
        times = even(schedule, steps)
        bounds = {name: list(last[times[-1]]) for name in ("analytic", "small", "large")}
        for r, s in zip(times, times[1:]):
            named, posterior, weight = variances(schedule, tables["noise-power"], r, s)
            for name, v in named.items():
                for g in range(options.groups):
                    bounds[name][g] += (posterior / v - 1 + math.log(v / posterior)) / 2 + weight * error[r][g] / (2 * v)
        bits = {name: [nats / math.log(2) for nats in bound] for name, bound in bounds.items()}
        less = {name: [x - y for x, y in zip(bits[name], bits["analytic"])] for name in ("small", "large")}
        means = " | ".join(f"{fmean(bound):.3f}" for bound in bits.values())
        print(f"| {steps} | {means} | {interval(less['small'])} | {interval(less['large'])} |", flush=True)


if __name__ == "__main__":
    main()
