"""A model of three factors: which garment, in which colour, in which place of a 32x32 canvas.

The pictures are made of Fashion-MNIST on the fly. The condition is a vector of three blocks, one number a value: one-hot,
or shares of two colours, or all zeros where a factor is not said. So each factor can be told alone, in part and in any
combination with the others, and their estimates can be added.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.train import command
from models.train.fashion import CLASSES, STEPS, process
from models.train.trainer import Recipe
from models.train.unet import UNet

SIDE, SMALL = 32, 18
COLORS = {
    "red": (1.0, 0.15, 0.15),
    "green": (0.15, 1.0, 0.2),
    "blue": (0.2, 0.3, 1.0),
    "yellow": (1.0, 0.95, 0.15),
    "magenta": (1.0, 0.2, 0.95),
    "cyan": (0.15, 0.95, 1.0),
}
PLACES = {"top-left": (0, 0), "top-right": (0, 14), "bottom-left": (14, 0), "bottom-right": (14, 14), "middle": (7, 7)}
"""Row and column of the garment's top left corner."""
FACTORS = {"garment": CLASSES, "color": list(COLORS), "place": list(PLACES)}
WIDTH = sum(len(values) for values in FACTORS.values())
HIDDEN = 0.1
"""Share of the examples whose factor is hidden, for each factor alone, and again for all of them together."""
MIXED = 0.25
"""Share of the examples in a mixture of two colours."""

RECIPE = Recipe(seed=20261201, steps=5_000, warmup=200, decay=0.35)


def network() -> UNet:
    return UNet(len(CLASSES), fine=32, coarse=80, inputs=3, outputs=3, factors=WIDTH)


def canvas(pictures: Tensor, color: Tensor, place: Tensor) -> Tensor:
    """Bytes [B, 1, 28, 28], shares of the colours [B, 6] and places [B] -> pictures [B, 3, 32, 32] in [-1, 1]."""
    small = functional.interpolate(pictures.float() / 255, size=(SMALL, SMALL), mode="bilinear", antialias=True)
    tinted = small.clamp(0, 1) * (color @ torch.tensor(list(COLORS.values()))).view(-1, 3, 1, 1)
    whole = torch.zeros(len(pictures), 3, SIDE, SIDE)
    for i, (row, column) in enumerate(PLACES.values()):
        there = place == i
        whole[there, :, row : row + SMALL, column : column + SMALL] = tinted[there]
    return whole * 2 - 1


def drawn(count: int, randomness: torch.Generator) -> tuple[Tensor, Tensor]:
    """Random shares of the colours [B, 6], one colour or two, and random places [B]."""
    one, other = torch.randint(len(COLORS), (2, count), generator=randomness)
    share = 0.25 + 0.5 * torch.rand(count, 1, generator=randomness)
    share = torch.where(torch.rand(count, 1, generator=randomness) < MIXED, share, torch.ones(1))
    color = share * functional.one_hot(one, len(COLORS)) + (1 - share) * functional.one_hot(other, len(COLORS))
    return color, torch.randint(len(PLACES), (count,), generator=randomness)


def condition(garment: Tensor, color: Tensor, place: Tensor, randomness: torch.Generator) -> Tensor:
    """The blocks one after the other [B, WIDTH], some of them hidden."""
    blocks = [
        functional.one_hot(garment, len(CLASSES)).float(),
        color,
        functional.one_hot(place, len(PLACES)).float(),
    ]
    hidden = torch.rand(len(garment), 1 + len(blocks), generator=randomness) < HIDDEN
    return torch.cat(
        [block.masked_fill((hidden[:, :1] | hidden[:, i + 1 : i + 2]), 0) for i, block in enumerate(blocks)], dim=1
    )


class FactorLoss:
    """Squared error of v, as in `fashion`."""

    CAP = 5.0

    def __init__(self, pictures: Tensor, labels: Tensor):
        self.pictures = pictures
        self.labels = labels
        self.process = process()
        self.weight = (self.CAP / (1 + self.process.signal_to_noise(torch.arange(STEPS)))).clamp(max=1)

    def __call__(self, network: nn.Module, batch: Tensor, randomness: torch.Generator) -> Tensor:
        count = len(batch)
        color, place = drawn(count, randomness)
        clean = canvas(self.pictures[batch], color, place)
        said = condition(self.labels[batch], color, place, randomness)
        index = ((torch.arange(count) + torch.rand(count, generator=randomness)) / count * STEPS).long()
        x, target = self.process.diffuse(clean, torch.randn(clean.shape, generator=randomness), index)
        error = (network(x, index.float(), said) - target).square().mean(dim=(1, 2, 3))
        return (self.weight[index] * error).mean()


def main() -> None:
    options = command.options(__doc__, RECIPE)
    command.run(options, RECIPE, network, FactorLoss)


if __name__ == "__main__":
    main()
