"""A class-conditional variational autoencoder (Kingma and Welling 2014): the prior of ES-DDPM and of DiffuseVAE."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.train import command, idx
from models.train.fashion import CLASSES
from models.train.trainer import Recipe

CODE = 24
RECIPE = Recipe(seed=20261127, steps=6_000, batch=128, weight_decay=0)


class Autoencoder(nn.Module):
    """Encoder to a normal law over codes [B, CODE], decoder back to pictures [B, 1, 28, 28] in [-1, 1]."""

    def __init__(self, width: int = 32):
        super().__init__()
        self.classes = nn.Embedding(len(CLASSES), 16)
        self.encoder = nn.Sequential(
            nn.Conv2d(1, width, 4, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
            nn.SiLU(),
            nn.Flatten(),
        )
        self.law = nn.Linear(2 * width * 49 + 16, 2 * CODE)
        self.grow = nn.Linear(CODE + 16, 2 * width * 49)
        self.decoder = nn.Sequential(
            nn.SiLU(),
            nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1),
            nn.SiLU(),
            nn.ConvTranspose2d(width, width, 4, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(width, 1, 3, padding=1),
        )

    def encode(self, x: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the code's law, each [B, CODE]."""
        return self.law(torch.cat([self.encoder(x), self.classes(classes)], dim=1)).chunk(2, dim=1)

    def decode(self, code: Tensor, classes: Tensor) -> Tensor:
        grown = self.grow(torch.cat([code, self.classes(classes)], dim=1))
        return self.decoder(grown.unflatten(1, [-1, 7, 7])).tanh()

    def forward(self, code: Tensor, classes: Tensor) -> Tensor:
        return self.decode(code, classes)


class EvidenceLoss:
    """Negative evidence lower bound per picture, with a Gaussian decoder of fixed width."""

    WIDTH = 0.25

    def __init__(self, pictures: Tensor, labels: Tensor):
        self.pictures = pictures
        self.labels = labels

    def __call__(self, network: nn.Module, batch: Tensor, randomness: torch.Generator) -> Tensor:
        x, classes = idx.scaled(self.pictures[batch]), self.labels[batch]
        mean, log_variance = network.encode(x, classes)
        code = mean + (log_variance / 2).exp() * torch.randn(mean.shape, generator=randomness)
        error = functional.mse_loss(network.decode(code, classes), x, reduction="sum") / (2 * self.WIDTH**2)
        divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum() / 2
        return (error + divergence) / len(batch)


def main() -> None:
    options = command.options(__doc__, RECIPE)
    command.run(options, RECIPE, Autoencoder, EvidenceLoss)


if __name__ == "__main__":
    main()
