"""Judges whether an emoji shows what a text says: two towers that put a picture and its caption close to each other.

It is trained apart from `emoji`, on real pictures alone, those of the held-out subjects among them: it has to know what
a generated picture should have looked like. Pictures are moved, blurred and tinted, so that it looks at what they show.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.train import command
from models.train.emoji import TEXT_WIDTH, Text
from models.train.emoji_autoencoder import Residual, scaled
from models.train.emoji_data import load
from models.train.emoji_text import LENGTH, Captions, load_tokenizer
from models.train.trainer import Recipe, averaged_weights, train

WIDTH = 128
MOVE = 4

RECIPE = Recipe(seed=7, steps=3000, batch=64, rate=1e-3, warmup=100, averaging=0.99)


class Pictures(nn.Module):
    """[B, 3, 64, 64] in [-1, 1] -> unit vectors [B, WIDTH]."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(48, 48, 3, padding=1),
            Residual(48),
            nn.Conv2d(48, 96, 3, stride=2, padding=1),
            Residual(96),
            nn.Conv2d(96, 160, 3, stride=2, padding=1),
            Residual(160),
            nn.GroupNorm(8, 160),
            nn.SiLU(),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(160 * 16, WIDTH),
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize(self.body(x), dim=1)


class Words(nn.Module):
    """Token ids [B, LENGTH] -> unit vectors [B, WIDTH]."""

    def __init__(self, vocabulary: int):
        super().__init__()
        self.text, self.head = Text(vocabulary, layers=1), nn.Linear(TEXT_WIDTH, WIDTH)

    def forward(self, ids: Tensor) -> Tensor:
        whole = self.text(ids, torch.ones(ids.shape))[:, LENGTH * TEXT_WIDTH :]
        return functional.normalize(self.head(whole), dim=1)


class Matcher(nn.Module):
    def __init__(self, vocabulary: int):
        super().__init__()
        self.pictures, self.words = Pictures(), Words(vocabulary)
        self.sharpness = nn.Parameter(torch.tensor(2.5))


class Said(Captions):
    """In either style: what a picture shows does not depend on it."""

    HIDDEN = 0.0


def disturbed(x: Tensor, randomness: torch.Generator) -> Tensor:
    """Moved by some pixels, sometimes blurred, a little lighter, darker or tinted, with some noise."""
    count = len(x)
    padded = functional.pad(x, (MOVE,) * 4, value=1.0)
    moves = torch.randint(2 * MOVE + 1, (count, 2), generator=randomness).tolist()
    x = torch.stack([padded[i, :, down : down + 64, across : across + 64] for i, (down, across) in enumerate(moves)])
    blurred = functional.avg_pool2d(x, 5, stride=1, padding=2, count_include_pad=False)
    share = torch.rand(count, 1, 1, 1, generator=randomness) * (torch.rand(count, 1, 1, 1, generator=randomness) < 0.6)
    x = x + share * (blurred - x)
    gain = 1 + 0.1 * torch.randn(count, 1, 1, 1, generator=randomness)
    tint = 0.05 * torch.randn(count, 3, 1, 1, generator=randomness)
    return gain * x + tint + 0.05 * torch.randn(x.shape, generator=randomness)


class Contrast:
    """Each caption of a batch has to find its own picture, and the other way around (Radford et al. 2021)."""

    def __init__(self, pictures: Tensor, captions: Captions):
        self.pictures, self.captions = pictures, captions

    def __call__(self, network: Matcher, batch: Tensor, randomness: torch.Generator) -> Tensor:
        drawn = self.captions.draw(batch, randomness)
        x = disturbed(scaled(self.pictures[drawn.places]), randomness).contiguous(memory_format=torch.channels_last)
        likeness = network.sharpness.exp().clamp(max=50) * network.pictures(x) @ network.words(drawn.ids).T
        own = torch.arange(len(batch))
        return (functional.cross_entropy(likeness, own) + functional.cross_entropy(likeness.T, own)) / 2


def trained(folder: Path, vocabulary: int) -> Matcher:
    network = Matcher(vocabulary)
    network.load_state_dict(averaged_weights(folder)[0])
    return network.eval().requires_grad_(False)


def main() -> None:
    options = command.options(__doc__.splitlines()[0], RECIPE, data=None)
    recipe = command.prepare(options, RECIPE)
    subjects, pictures = load(options.data)
    tokenizer = load_tokenizer(options.out / "tokenizer.json", subjects)
    loss = Contrast(command.here(torch.from_numpy(pictures)), Said(subjects, tokenizer))
    network = Matcher(tokenizer.get_vocab_size()).to(memory_format=torch.channels_last)
    train(network, loss, len(subjects), recipe, options.out, options.until)


if __name__ == "__main__":
    main()
