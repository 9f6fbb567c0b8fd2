"""A classifier that knows noisy pictures, for classifier guidance (Dhariwal and Nichol 2021, section 4)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.train import command, idx
from models.train.fashion import CLASSES, STEPS, process
from models.train.trainer import Recipe
from models.train.unet import SinusoidalTime

RECIPE = Recipe(seed=20261129, steps=5_000, batch=128, warmup=200, decay=0.5, weight_decay=1e-2)


class NoisyClassifier(nn.Module):
    """x [B, 1, 28, 28] at 0-based train indices t [B] -> logits [B, 10]."""

    def __init__(self, width: int = 32):
        super().__init__()
        self.time = nn.Sequential(SinusoidalTime(64), nn.Linear(64, 4 * width), nn.SiLU())
        self.stem = nn.Conv2d(1, width, 3, stride=2, padding=1)
        self.fine = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.coarse = nn.Conv2d(2 * width, 2 * width, 3, stride=2, padding=1)
        self.last = nn.Conv2d(2 * width, 2 * width, 3, padding=1)
        self.norms = nn.ModuleList(nn.GroupNorm(8, 2 * width) for _ in range(3))
        self.logits = nn.Sequential(nn.Linear(2 * width * 49, 128), nn.SiLU(), nn.Linear(128, len(CLASSES)))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        scale, shift = self.time(t).unsqueeze(2).unsqueeze(3).chunk(2, dim=1)
        h = self.fine(functional.silu(self.stem(x)))
        h = functional.silu(self.norms[0](h) * (1 + scale) + shift)
        h = functional.silu(self.norms[1](self.coarse(h)))
        h = h + functional.silu(self.norms[2](self.last(h)))
        return self.logits(h.flatten(1))


class NoisyClassLoss:
    """Cross-entropy at all noise levels alike."""

    def __init__(self, pictures: Tensor, labels: Tensor):
        self.pictures = pictures
        self.labels = labels
        self.process = process()

    def __call__(self, network: nn.Module, batch: Tensor, randomness: torch.Generator) -> Tensor:
        clean = idx.scaled(self.pictures[batch])
        index = torch.randint(STEPS, (len(batch),), generator=randomness)
        x, _ = self.process.diffuse(clean, torch.randn(clean.shape, generator=randomness), index)
        return functional.cross_entropy(network(x, index.float()), self.labels[batch])


def main() -> None:
    options = command.options(__doc__, RECIPE)
    command.run(options, RECIPE, NoisyClassifier, NoisyClassLoss)


if __name__ == "__main__":
    main()
