"""The autoencoder of `emoji`: 64x64 colour to 8x8 with eight channels and back.

What an emoji looks like is mostly edges between flat colours, so pixels count by their absolute error and so do the
differences between neighbours. The decoder sees latents with a little noise: what the denoiser leaves over must not
show, and nearby latents have to look alike.

With `--refine FOLDER` the encoder of that training stays as it is and only the decoder goes on learning, so that a
denoiser can be trained on the latents meanwhile.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.train import command
from models.train.emoji_data import load
from models.train.trainer import Recipe, averaged_weights, train

CHANNELS = 8
PLACES = 8
NOISE = 0.1
EDGES = 1.0
NARROWNESS = 1e-3
"""Weight of the latent's mean square: without it the encoder outgrows the noise."""

RECIPE = Recipe(seed=20261125, steps=2000, batch=8, rate=2e-3, warmup=50, averaging=0.99)


class Residual(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.GroupNorm(8, channels)
        self.convolution_in = nn.Conv2d(channels, channels, 3, padding=1)
        self.convolution_out = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.convolution_out.weight)
        nn.init.zeros_(self.convolution_out.bias)

    def forward(self, x: Tensor) -> Tensor:
        up = functional.silu(self.convolution_in(functional.silu(self.norm(x))))
        return x + self.convolution_out(up)


class Encoder(nn.Module):
    """Picture [B, 3, H, W] in [-1, 1] -> [B, CHANNELS, H/8, W/8]."""

    def __init__(self, fine: int = 64, coarse: int = 112):
        super().__init__()
        self.stem = nn.Conv2d(48, fine, 3, padding=1)
        self.fine = Residual(fine)
        self.shrink = nn.Conv2d(fine, coarse, 3, stride=2, padding=1)
        self.coarse = nn.Sequential(Residual(coarse), Residual(coarse))
        self.head = nn.Conv2d(coarse, CHANNELS, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.coarse(self.shrink(self.fine(self.stem(functional.pixel_unshuffle(x, 4))))))


class Decoder(nn.Module):
    """[B, CHANNELS, h, w] -> picture [B, 3, 8h, 8w], about [-1, 1]."""

    def __init__(self, widths: tuple[int, int, int] = (128, 80, 48)):
        super().__init__()
        coarse, middle, fine = widths
        self.stem = nn.Conv2d(CHANNELS, coarse, 3, padding=1)
        self.coarse = nn.Sequential(Residual(coarse), Residual(coarse))
        self.to_middle = nn.Conv2d(coarse, middle, 3, padding=1)
        self.middle = nn.Sequential(Residual(middle), Residual(middle))
        self.to_fine = nn.Conv2d(middle, fine, 3, padding=1)
        self.fine = Residual(fine)
        self.norm = nn.GroupNorm(8, fine)
        self.head = nn.Conv2d(fine, 12, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        h = self.coarse(self.stem(z))
        h = self.middle(self.to_middle(functional.interpolate(h, scale_factor=2.0, mode="nearest")))
        h = self.fine(self.to_fine(functional.interpolate(h, scale_factor=2.0, mode="nearest")))
        return functional.pixel_shuffle(self.head(functional.silu(self.norm(h))), 2)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()


def scaled(bytes_: Tensor) -> Tensor:
    """Bytes to [-1, 1]."""
    return bytes_.float() / 127.5 - 1


def distance(made: Tensor, wanted: Tensor) -> Tensor:
    across = (made.diff(dim=3) - wanted.diff(dim=3)).abs().mean()
    down = (made.diff(dim=2) - wanted.diff(dim=2)).abs().mean()
    return (made - wanted).abs().mean() + EDGES * (across + down)


class Reconstruction:
    """`chosen` are the pictures to learn from, as places in `pictures`."""

    def __init__(self, pictures: Tensor, chosen: Tensor):
        self.pictures, self.chosen = pictures, chosen

    def __call__(self, network: nn.Module, batch: Tensor, randomness: torch.Generator) -> Tensor:
        wanted = scaled(self.pictures[self.chosen[batch]]).contiguous(memory_format=torch.channels_last)
        if isinstance(network, Autoencoder):
            z = network.encoder(wanted)
        else:
            with torch.no_grad():
                z = self.encoder(wanted)
        noise = torch.randn(z.shape, generator=randomness)
        made = (network.decoder if isinstance(network, Autoencoder) else network)(z + NOISE * noise)
        return distance(made, wanted) + NARROWNESS * z.square().mean()


def learned_from(folder: Path) -> tuple[Tensor, Tensor]:
    """All pictures, and the places of those whose subject is not held out."""
    subjects, pictures = load(folder)
    chosen = [place for subject in subjects if not subject.held_out for place in subject.places()]
    return command.here(torch.from_numpy(pictures)), torch.tensor(chosen)


def trained(folder: Path) -> Autoencoder:
    network = Autoencoder()
    network.load_state_dict(averaged_weights(folder)[0])
    return network.eval().requires_grad_(False)


def more(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument("--refine", type=Path, help="training whose encoder stays; only the decoder learns")


def main() -> None:
    options = command.options(__doc__.splitlines()[0], RECIPE, more, data=None)
    recipe = command.prepare(options, RECIPE)
    pictures, chosen = learned_from(options.data)
    loss = Reconstruction(pictures, chosen)
    if options.refine is None:
        network = Autoencoder()
    else:
        before = trained(options.refine)
        loss.encoder = before.encoder.to(memory_format=torch.channels_last)
        network = before.decoder.requires_grad_(True)
    train(network.to(memory_format=torch.channels_last), loss, len(chosen), recipe, options.out, options.until)


if __name__ == "__main__":
    main()
