"""The `fashion` family: class-conditional v-prediction on 28x28 Fashion-MNIST."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from models.train import command, idx
from models.train.process import VariancePreserving, squared_cosine_betas
from models.train.trainer import Recipe
from models.train.unet import UNet

CLASSES = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot"]
NULL_CLASS = len(CLASSES)
STEPS = 1000
DROPOUT = 0.1
"""Share of the examples whose class is hidden, so that one network also learns the unconditional score."""

RECIPE = Recipe(seed=20261124, steps=10_000)

Noise = Callable[[torch.Size, Tensor, torch.Generator], Tensor]


def network() -> UNet:
    return UNet(len(CLASSES))


def process() -> VariancePreserving:
    return VariancePreserving.of(squared_cosine_betas(STEPS))


def gaussian(shape: torch.Size, index: Tensor, randomness: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=randomness)


class VelocityLoss:
    """Squared error of v, with the weight of nearly clean inputs capped: there v is all noise, little to learn.

    `noise(shape, index [B], randomness)` draws noise of zero mean and unit variance for train indices.
    """

    CAP = 5.0

    def __init__(self, pictures: Tensor, labels: Tensor, noise: Noise = gaussian):
        self.pictures = pictures
        self.labels = labels
        self.noise = noise
        self.process = process()
        self.weight = (self.CAP / (1 + self.process.signal_to_noise(torch.arange(STEPS)))).clamp(max=1)

    def __call__(self, network: nn.Module, batch: Tensor, randomness: torch.Generator) -> Tensor:
        clean = idx.scaled(self.pictures[batch])
        count = len(batch)
        # One time from each of `count` equal intervals: the loss varies less from step to step than with free times.
        places = (torch.arange(count) + torch.rand(count, generator=randomness)) / count
        index = (places * STEPS).long()
        noise = self.noise(clean.shape, index, randomness)
        x, target = self.process.diffuse(clean, noise, index)
        error = (network(x, index.float(), hide(self.labels[batch], randomness)) - target).square().mean(dim=(1, 2, 3))
        return (self.weight[index] * error).mean()


def hide(classes: Tensor, randomness: torch.Generator) -> Tensor:
    """Replaces a share of the class indices by the null class."""
    return classes.masked_fill(torch.rand(len(classes), generator=randomness) < DROPOUT, NULL_CLASS)


def main() -> None:
    options = command.options(__doc__, RECIPE)
    command.run(options, RECIPE, network, VelocityLoss)


if __name__ == "__main__":
    main()
