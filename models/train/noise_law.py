"""The `fashion` network under other noise than Gaussian: Gamma, and a mixture of two Gaussians.

Nachmani et al. 2021, "Non Gaussian denoising diffusion models". Training starts from the shipped Gaussian weights,
which are near: only the shape of the noise changes, not its mean and variance.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from models.train import command, shipped
from models.train.fashion import VelocityLoss, network, process
from models.train.trainer import Recipe

THETA = 0.1
"""Scale of the Gamma noise at level 0; at 0.001, the paper's, it could hardly be told from Gaussian noise."""
MEAN = 0.8
"""The mixture: N(+MEAN, 1 - MEAN^2) or N(-MEAN, 1 - MEAN^2), each with probability one half; unit variance."""

RECIPE = Recipe(seed=20261125, steps=3_000, rate=5e-4, warmup=200, decay=0.4)


class Gamma:
    """n = (G - k theta) / s with G ~ Gamma(k, theta) at each level; k theta^2 = s^2 makes the variance one."""

    def __init__(self):
        self.theta = process().signal * THETA
        self.shape = process().noise.square() / self.theta.square()

    def __call__(self, shape: torch.Size, index: Tensor, randomness: torch.Generator) -> Tensor:
        k = self.shape[index].view(-1, 1, 1, 1)
        # Where k is huge the law is Gaussian to all digits of a float, and drawing it would lose them.
        drawn = torch._standard_gamma(k.clamp(max=1e6).expand(shape), generator=randomness)
        gamma = ((drawn - k) / k.sqrt()).float()
        return torch.where(k > 1e6, torch.randn(shape, generator=randomness), gamma)


def mixture(shape: torch.Size, index: Tensor, randomness: torch.Generator) -> Tensor:
    side = torch.randint(2, shape, generator=randomness) * 2 - 1
    return MEAN * side + (1 - MEAN**2) ** 0.5 * torch.randn(shape, generator=randomness)


LAWS = {"gamma": Gamma, "mixture": lambda: mixture}


def more(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument("--law", choices=LAWS, required=True)
    arguments.add_argument("--from", dest="start", type=Path, default=Path("models/fashion/denoiser.pt"))


def main() -> None:
    options = command.options(__doc__, RECIPE, more)

    def started():
        fresh = network()
        fresh.load_state_dict(shipped.fashion(options.start))
        return fresh

    command.run(options, RECIPE, started, lambda pictures, labels: VelocityLoss(pictures, labels, LAWS[options.law]()))


if __name__ == "__main__":
    main()
