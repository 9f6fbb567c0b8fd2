"""DiffuseVAE (Pandey et al. 2022): a diffusion model that refines what an autoencoder decodes.

The network sees the decoded picture beside x = a x0 + s noise, which is formulation 1. In formulation 2 the process ends
around it, and what stands beside it is x = a x0 + decoded + s noise; what is asked for is v of a x0 + s noise all the same.

Training starts from the shipped `fashion` network, whose stem gets a second picture: at first it draws as if nothing had been
decoded, and how to look at what was is left to learn.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from models.train import command, idx, shipped
from models.train.fashion import CLASSES, STEPS, VelocityLoss, hide, process
from models.train.prior import Autoencoder
from models.train.trainer import Recipe, averaged_weights
from models.train.unet import UNet

RECIPE = Recipe(seed=20261128, steps=600, batch=32, rate=5e-4, warmup=50, decay=0.5, averaging=0.99)


class Refiner(nn.Module):
    """x [B, 1, 28, 28], time [B], class [B], decoded [B, 1, 28, 28] -> v [B, 1, 28, 28]."""

    def __init__(self):
        super().__init__()
        self.inner = UNet(len(CLASSES), inputs=2)

    def start_from(self, fashion: dict[str, Tensor], around: bool) -> None:
        state = dict(fashion)
        stem = fashion["stem.weight"]
        # What is around is subtracted, what is beside does not count yet: both draw like `fashion` at first.
        state["stem.weight"] = torch.cat([stem, -stem if around else torch.zeros_like(stem)], dim=1)
        self.inner.load_state_dict(state)

    def forward(self, x: Tensor, t: Tensor, condition: Tensor, decoded: Tensor) -> Tensor:
        return self.inner(torch.cat([x, decoded], dim=1), t, condition)


class RefinementLoss:
    """Squared error of v as in `fashion`, beside (formulation 1) or around (2) pictures that the autoencoder decodes again."""

    def __init__(self, pictures: Tensor, labels: Tensor, autoencoder: Autoencoder, around: bool):
        self.pictures = pictures
        self.labels = labels
        self.autoencoder = autoencoder
        self.around = around
        self.process = process()
        self.weight = (VelocityLoss.CAP / (1 + self.process.signal_to_noise(torch.arange(STEPS)))).clamp(max=1)

    def __call__(self, network: nn.Module, batch: Tensor, randomness: torch.Generator) -> Tensor:
        clean, labels = idx.scaled(self.pictures[batch]), self.labels[batch]
        with torch.no_grad():
            mean, log_variance = self.autoencoder.encode(clean, labels)
            code = mean + (log_variance / 2).exp() * torch.randn(mean.shape, generator=randomness)
            decoded = self.autoencoder.decode(code, labels)
        count = len(batch)
        index = ((torch.arange(count) + torch.rand(count, generator=randomness)) / count * STEPS).long()
        x, target = self.process.diffuse(clean, torch.randn(clean.shape, generator=randomness), index)
        shown = x + decoded if self.around else x
        v = network(shown, index.float(), hide(labels, randomness), decoded)
        return (self.weight[index] * (v - target).square().mean(dim=(1, 2, 3))).mean()


def more(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument("--prior", type=Path, required=True, help="training folder of models.train.prior")
    arguments.add_argument("--formulation", type=int, choices=[1, 2], required=True)
    arguments.add_argument("--from", dest="start", type=Path, default=Path("models/fashion/denoiser.pt"))


def main() -> None:
    options = command.options(__doc__, RECIPE, more)
    autoencoder = Autoencoder().eval().requires_grad_(False)
    autoencoder.load_state_dict(averaged_weights(options.prior)[0])

    def started() -> Refiner:
        fresh = Refiner()
        fresh.start_from(shipped.fashion(options.start), around=options.formulation == 2)
        return fresh

    def loss(pictures: Tensor, labels: Tensor) -> RefinementLoss:
        return RefinementLoss(pictures, labels, autoencoder, around=options.formulation == 2)

    command.run(options, RECIPE, started, loss)


if __name__ == "__main__":
    main()
