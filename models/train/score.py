"""A score network over geometric noise levels: NCSN (Song and Ermon 2019) and the VE SDE (Song et al. 2021) in one.

x = x0 + sigma z for pictures in [0, 1]. The network inside is preconditioned as in Karras et al. 2022, what comes out is
the score S = (D - x) / sigma^2; training by denoising score matching with levels uniform in ln sigma.
"""

import math

import torch
from torch import Tensor, nn

from models.train import command
from models.train.fashion import CLASSES, hide
from models.train.trainer import Recipe
from models.train.unet import UNet

LOWEST, HIGHEST = 0.01, 20.0
"""The widest level is near the largest distance between two pictures, the finest below one grey level of 256."""
DATA = 0.35
"""Standard deviation of the pixels."""

RECIPE = Recipe(seed=20261126, steps=8_000)


class ScoreNetwork(nn.Module):
    """x [B, 1, H, W], sigma [B], class [B] -> score [B, 1, H, W]."""

    def __init__(self):
        super().__init__()
        self.inner = UNet(len(CLASSES), fine=48, coarse=96)

    def residual(self, x: Tensor, sigma: Tensor, condition: Tensor) -> Tensor:
        """F, of unit scale: D = x DATA^2 / (sigma^2 + DATA^2) + F sigma DATA / sqrt(sigma^2 + DATA^2)."""
        wide = (sigma.square() + DATA**2).sqrt().view(-1, 1, 1, 1)
        # The sinusoidal features expect times of 0 to 1000.
        place = 1000 * (sigma.log() - math.log(LOWEST)) / math.log(HIGHEST / LOWEST)
        return self.inner((x - 0.5) / wide, place, condition)

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


def main() -> None:
    options = command.options(__doc__, RECIPE)
    command.run(options, RECIPE, ScoreNetwork, ScoreLoss)


if __name__ == "__main__":
    main()
