"""The `fashion` family: class-conditional v-prediction on 28x28 Fashion-MNIST."""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from models.train import idx
from models.train.process import VariancePreserving, squared_cosine_betas
from models.train.trainer import Recipe, train
from models.train.unet import UNet

CLASSES = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot"]
NULL_CLASS = len(CLASSES)
STEPS = 1000
DROPOUT = 0.1
"""Share of the examples whose class is hidden, so that one network also learns the unconditional score."""

RECIPE = Recipe(seed=20261124, steps=10_000)


def network() -> UNet:
    return UNet(len(CLASSES))


def process() -> VariancePreserving:
    return VariancePreserving.of(squared_cosine_betas(STEPS))


class VelocityLoss:
    """Squared error of v, with the weight of nearly clean inputs capped: there v is all noise, little to learn."""

    CAP = 5.0

    def __init__(self, pictures: Tensor, labels: Tensor):
        self.pictures = pictures
        self.labels = labels
        self.process = process()
        self.weight = (self.CAP / (1 + self.process.signal_to_noise(torch.arange(STEPS)))).clamp(max=1)

    def __call__(self, network: nn.Module, batch: Tensor, randomness: torch.Generator) -> Tensor:
        clean = idx.scaled(self.pictures[batch])
        count = len(batch)
        # One time from each of `count` equal intervals: the loss varies less from step to step than with free times.
        places = (torch.arange(count) + torch.rand(count, generator=randomness)) / count
        index = (places * STEPS).long()
        noise = torch.randn(clean.shape, generator=randomness)
        hidden = torch.rand(count, generator=randomness) < DROPOUT
        classes = self.labels[batch].masked_fill(hidden, NULL_CLASS)
        x, target = self.process.diffuse(clean, noise, index)
        error = (network(x, index.float(), classes) - target).square().mean(dim=(1, 2, 3))
        return (self.weight[index] * error).mean()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=idx.DEBIAN_FASHION_MNIST)
    arguments.add_argument("--out", type=Path, required=True, help="folder of checkpoints; resumes what is there")
    arguments.add_argument("--steps", type=int, default=RECIPE.steps)
    arguments.add_argument("--until", type=int, help="stop before the budget is spent, after this step")
    arguments.add_argument("--threads", type=int, default=1)
    options = arguments.parse_args()

    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(RECIPE.seed)
    pictures = idx.images(options.data, "train")
    loss = VelocityLoss(pictures, idx.labels(options.data, "train"))
    recipe = Recipe(**{**RECIPE.__dict__, "steps": options.steps})
    fresh = network().to(memory_format=torch.channels_last)
    train(fresh, loss, len(pictures), recipe, options.out, options.until)


if __name__ == "__main__":
    main()
