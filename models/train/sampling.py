"""Reference samplers, for choosing a bundle's defaults; the product's own are the Java ones.

A denoiser here is a function (x, index) -> (D, E): the estimates of the clean picture and of the noise at a 0-based
train index. Schedule arithmetic is double, as in the product.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from models.train.process import VariancePreserving

Denoiser = Callable[[Tensor, int], tuple[Tensor, Tensor]]


def trailing(steps: int, train_steps: int) -> list[int]:
    """Timesteps counted back from the last train index ("Common diffusion noise schedules", Lin et al. 2023)."""
    stride = (train_steps - train_steps / steps) - train_steps
    return [round(train_steps + i * stride) - 1 for i in range(steps)]


def guided_velocity(network, process: VariancePreserving, classes: Tensor, null: int, weight: float) -> Denoiser:
    """Classifier-free guidance: null + weight * (conditional - null), both branches in one call; 1 is unguided."""

    def denoise(x: Tensor, index: int) -> tuple[Tensor, Tensor]:
        times = torch.full((len(x),), float(index))
        if weight == 1:
            v = network(x, times, classes)
        else:
            both = torch.cat([torch.full_like(classes, null), classes])
            without, conditional = network(x.repeat(2, 1, 1, 1), times.repeat(2), both).chunk(2)
            v = without + weight * (conditional - without)
        a, s = process.signal[index].item(), process.noise[index].item()
        return a * x - s * v, a * v + s * x

    return denoise


def ddim(x: Tensor, denoise: Denoiser, process: VariancePreserving, steps: int) -> Tensor:
    """Song et al. 2020, eq. 12 with eta = 0."""
    indices = trailing(steps, process.steps)
    for index, following in zip(indices, indices[1:]):
        clean, noise = denoise(x, index)
        x = process.signal[following].item() * clean + process.noise[following].item() * noise
    return denoise(x, indices[-1])[0]


def dpmpp_2m(x: Tensor, denoise: Denoiser, process: VariancePreserving, steps: int) -> Tensor:
    """DPM-Solver++(2M), Lu et al. 2022, algorithm 2; the step to clean data is first order."""
    indices = trailing(steps, process.steps)
    before, before_step = None, 0.0
    for index, following in zip(indices, indices[1:]):
        clean, _ = denoise(x, index)
        a, s = process.signal[following].item(), process.noise[following].item()
        step = _log_ratio(process, following) - _log_ratio(process, index)
        bracket = clean if before is None else clean + (clean - before) * (step / (2 * before_step))
        x = (s / process.noise[index].item()) * x - a * math.expm1(-step) * bracket
        before, before_step = clean, step
    return denoise(x, indices[-1])[0]


def _log_ratio(process: VariancePreserving, index: int) -> float:
    return math.log(process.signal[index].item() / process.noise[index].item())
