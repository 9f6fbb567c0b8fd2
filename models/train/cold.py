"""Cold diffusion (Bansal et al. 2022): networks that restore what was blurred, coarsened or faded, without any noise.

The degradations are those of the product (sampling/degrade), number for number: a bundle whose training blurred otherwise
would be asked to restore what it has never seen.
"""

import argparse
import math

import torch
from torch import Tensor, nn

from models.train import command, idx
from models.train.fashion import CLASSES, hide
from models.train.trainer import Recipe
from models.train.unet import UNet

SIDE = 28
RECIPE = Recipe(seed=20261130, steps=4_000, rate=1e-3, warmup=200, decay=0.4)
SYMMETRY = 0.002
"""Noise on every input: walks that start from a flat picture start with as much, else all their pixels stay alike."""


class Separable(nn.Module):
    """A degradation that mixes rows and columns: x -> M_t x M_t^T, with M [steps + 1, SIDE, SIDE] and M_0 the identity."""

    frozen = 0

    def __init__(self, matrices: Tensor):
        super().__init__()
        self.steps = len(matrices) - 1
        self.register_buffer("matrices", matrices.float())

    def forward(self, x: Tensor, t: Tensor, frozen: Tensor) -> Tensor:
        """x [B, C, SIDE, SIDE], t [B] whole numbers of operators, frozen [B, 0]."""
        matrix = self.matrices[t].unsqueeze(1)
        return matrix @ x @ matrix.transpose(2, 3)


def blur(steps: int = 20, deviation: float = 1.2) -> Separable:
    """t times a Gaussian blur with mirrored edges; the last operator leaves the mean."""
    matrices = [torch.eye(SIDE, dtype=torch.float64)]
    for t in range(1, steps):
        wide = deviation * math.sqrt(t)
        reach = max(1, math.ceil(4 * wide))
        offsets = torch.arange(-reach, reach + 1)
        kernel = (-offsets.double().square() / (2 * wide**2)).exp()
        kernel /= kernel.sum()
        places = (torch.arange(SIDE).unsqueeze(1) + offsets) % (2 * SIDE)
        places = torch.where(places < SIDE, places, 2 * SIDE - 1 - places)
        matrix = torch.zeros(SIDE, SIDE, dtype=torch.float64)
        matrices.append(matrix.scatter_add_(1, places, kernel.expand(SIDE, -1)))
    return Separable(torch.stack([*matrices, torch.full((SIDE, SIDE), 1 / SIDE, dtype=torch.float64)]))


def pixelate(steps: int = 5) -> Separable:
    """t halvings: every pixel becomes the mean of its block of 2^t, counted from the top left."""
    place = torch.arange(SIDE)
    alike = [(place.unsqueeze(1) // 2**t == place // 2**t).double() for t in range(steps + 1)]
    return Separable(torch.stack([same / same.sum(dim=1, keepdim=True) for same in alike]))


class Fade(nn.Module):
    """A spot of middle grey that grows around a centre: operator k multiplies by 1 - exp(-distance^2 / 2 (k growth)^2)."""

    frozen = 2

    def __init__(self, steps: int = 20, growth: float = 1.5):
        super().__init__()
        self.steps = steps
        self.growth = growth

    def forward(self, x: Tensor, t: Tensor, frozen: Tensor) -> Tensor:
        """frozen [B, 2] in (0, 1): row and column of the centre."""
        centre = (frozen * (SIDE - 1)).view(-1, 2, 1, 1)
        place = torch.arange(SIDE)
        square = (place.view(1, -1, 1) - centre[:, 0]).square() + (place.view(1, 1, -1) - centre[:, 1]).square()
        radius = (self.growth * torch.arange(1, self.steps + 1)).view(1, -1, 1, 1)
        kept = (-torch.expm1(-square.unsqueeze(1) / (2 * radius.square()))).cumprod(dim=1)
        kept = torch.cat([torch.ones_like(kept[:, :1]), kept], dim=1)
        return x * kept[torch.arange(len(x)), t].unsqueeze(1)


DEGRADATIONS = {"blur": blur, "pixelate": pixelate, "fade": Fade}


class Restorer(nn.Module):
    """x [B, 1, 28, 28], t [B] = operators - 1, class [B] -> the clean picture [B, 1, 28, 28]."""

    def __init__(self, steps: int):
        super().__init__()
        self.inner = UNet(len(CLASSES), fine=32, coarse=64)
        # The sinusoidal features expect times of 0 to 1000.
        self.spread = 1000 / steps

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        return x + self.inner(x, t * self.spread, condition)


class RestorationLoss:
    """Absolute error of the restored picture, all degrees of degradation alike, as in the paper."""

    def __init__(self, pictures: Tensor, labels: Tensor, degradation: nn.Module):
        self.pictures = pictures
        self.labels = labels
        self.degradation = degradation

    def __call__(self, network: nn.Module, batch: Tensor, randomness: torch.Generator) -> Tensor:
        clean = idx.scaled(self.pictures[batch])
        count = len(batch)
        t = torch.randint(1, self.degradation.steps + 1, (count,), generator=randomness)
        frozen = torch.rand(count, self.degradation.frozen, generator=randomness)
        x = self.degradation(clean, t, frozen)
        x = x + SYMMETRY * torch.randn(x.shape, generator=randomness)
        return (network(x, (t - 1).float(), hide(self.labels[batch], randomness)) - clean).abs().mean()


def more(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument("--degradation", choices=DEGRADATIONS, required=True)


def main() -> None:
    options = command.options(__doc__, RECIPE, more)
    degradation = DEGRADATIONS[options.degradation]()
    command.run(
        options,
        RECIPE,
        lambda: Restorer(degradation.steps),
        lambda pictures, labels: RestorationLoss(pictures, labels, degradation),
    )


if __name__ == "__main__":
    main()
