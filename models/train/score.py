"""A score network over geometric noise levels: NCSN (Song and Ermon 2019) and the VE SDE (Song et al. 2021) in one.

x = x0 + sigma z for pictures in [0, 1]. The network inside is preconditioned as in Karras et al. 2022, what comes out is
the score S = (D - x) / sigma^2; training by denoising score matching with levels uniform in ln sigma.

With DATA = 1/2 the preconditioned problem is that of v-prediction on pictures in [-1, 1] at the level s / a = 2 sigma. So
training starts from the shipped `fashion` network, told the index at which that level is met: the first loss is that of a
trained network, and the levels between its whole indices are what is left to learn.
"""

import argparse
import math
from pathlib import Path

import torch
from torch import Tensor, nn

from models.train import command, shipped
from models.train.fashion import hide, network, process
from models.train.trainer import Recipe

LOWEST, HIGHEST = 0.01, 20.0
"""The widest level is near the largest distance between two pictures, the finest below one grey level of 256."""
DATA = 0.5
"""Half of the range, which stands for the standard deviation of the pixels."""

RECIPE = Recipe(seed=20261126, steps=3_000, rate=5e-4, warmup=200, decay=0.4)


class ScoreNetwork(nn.Module):
    """x [B, 1, H, W], sigma [B], class [B] -> score [B, 1, H, W]."""

    def __init__(self):
        super().__init__()
        self.inner = network()
        levels = process()
        self.register_buffer("ladder", (levels.noise / levels.signal).log().float(), persistent=False)

    def index(self, sigma: Tensor) -> Tensor:
        """The index, whole or between two, at which s / a = 2 sigma: [B]."""
        wanted = (2 * sigma).log()
        above = torch.searchsorted(self.ladder, wanted).clamp(1, self.ladder.shape[0] - 1)
        low, high = self.ladder[above - 1], self.ladder[above]
        return above - 1 + (wanted - low) / (high - low)

    def residual(self, x: Tensor, sigma: Tensor, condition: Tensor) -> Tensor:
        """F = -v, of unit scale: D = x DATA^2 / (sigma^2 + DATA^2) + F sigma DATA / sqrt(sigma^2 + DATA^2)."""
        wide = (sigma.square() + DATA**2).sqrt().view(-1, 1, 1, 1)
        return -self.inner((x - 0.5) / wide, self.index(sigma), condition)

    def forward(self, x: Tensor, sigma: Tensor, condition: Tensor) -> Tensor:
        wide = (sigma.square() + DATA**2).view(-1, 1, 1, 1)
        noise = sigma.view(-1, 1, 1, 1)
        # (D - x) / sigma^2 with the division done on paper: nothing is lost where sigma is small.
        return self.residual(x, sigma, condition) * DATA / (noise * wide.sqrt()) - (x - 0.5) / wide


class ScoreLoss:
    """Squared error of F, which is the weighted denoising score matching loss of Karras et al. 2022, eq. 8."""

    def __init__(self, pictures: Tensor, labels: Tensor):
        self.pictures = pictures
        self.labels = labels

    def __call__(self, network: nn.Module, batch: Tensor, randomness: torch.Generator) -> Tensor:
        clean = self.pictures[batch].float() / 255
        count = len(batch)
        places = (torch.arange(count) + torch.rand(count, generator=randomness)) / count
        sigma = LOWEST * (HIGHEST / LOWEST) ** places
        noise = sigma.view(-1, 1, 1, 1)
        x = clean + noise * torch.randn(clean.shape, generator=randomness)
        wide = noise.square() + DATA**2
        target = ((clean - 0.5) - (x - 0.5) * DATA**2 / wide) * wide.sqrt() / (noise * DATA)
        return (network.residual(x, sigma, hide(self.labels[batch], randomness)) - target).square().mean()


def more(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument("--from", dest="start", type=Path, default=Path("models/fashion/denoiser.pt"))


def main() -> None:
    options = command.options(__doc__, RECIPE, more)

    def started() -> ScoreNetwork:
        fresh = ScoreNetwork()
        fresh.inner.load_state_dict(shipped.fashion(options.start))
        return fresh

    command.run(options, RECIPE, started, ScoreLoss)


if __name__ == "__main__":
    main()
