"""DiffuseVAE (Pandey et al. 2022): a diffusion model that refines what an autoencoder decodes, in both formulations.

1: the network sees the decoded picture beside x. 2: the process itself ends around it, x = a x0 + decoded + s noise.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from models.train import command, idx
from models.train.fashion import CLASSES, STEPS, hide, process
from models.train.prior import Autoencoder
from models.train.trainer import Recipe, averaged_weights
from models.train.unet import UNet

RECIPE = Recipe(seed=20261128, steps=6_000)


class Refiner(nn.Module):
    """x and decoded [B, 1, H, W], time [B], class [B] -> noise [B, 1, H, W]; both formulations see both pictures."""

    def __init__(self):
        super().__init__()
        self.inner = UNet(len(CLASSES), fine=48, coarse=96, inputs=2)

    def forward(self, x: Tensor, t: Tensor, condition: Tensor, decoded: Tensor) -> Tensor:
        return self.inner(torch.cat([x, decoded], dim=1), t, condition)


class NoiseLoss:
    """Squared error of the noise, as in Ho et al. 2020, against pictures that the autoencoder decodes again."""

    def __init__(self, pictures: Tensor, labels: Tensor, autoencoder: Autoencoder, formulation: int):
        self.pictures = pictures
        self.labels = labels
        self.autoencoder = autoencoder
        self.shifted = formulation == 2
        self.process = process()

    def __call__(self, network: nn.Module, batch: Tensor, randomness: torch.Generator) -> Tensor:
        clean, labels = idx.scaled(self.pictures[batch]), self.labels[batch]
        with torch.no_grad():
            mean, log_variance = self.autoencoder.encode(clean, labels)
            code = mean + (log_variance / 2).exp() * torch.randn(mean.shape, generator=randomness)
            decoded = self.autoencoder.decode(code, labels)
        index = ((torch.arange(len(batch)) + torch.rand(len(batch), generator=randomness)) / len(batch) * STEPS).long()
        noise = torch.randn(clean.shape, generator=randomness)
        x, _ = self.process.diffuse(clean, noise, index)
        if self.shifted:
            x = x + decoded
        return (network(x, index.float(), hide(labels, randomness), decoded) - noise).square().mean()


def more(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument("--formulation", type=int, choices=[1, 2], required=True)
    arguments.add_argument("--prior", type=Path, required=True, help="training folder of models.train.prior")


def main() -> None:
    options = command.options(__doc__, RECIPE, more)
    autoencoder = Autoencoder().eval().requires_grad_(False)
    autoencoder.load_state_dict(averaged_weights(options.prior)[0])
    command.run(
        options,
        RECIPE,
        Refiner,
        lambda pictures, labels: NoiseLoss(pictures, labels, autoencoder, options.formulation),
    )


if __name__ == "__main__":
    main()
