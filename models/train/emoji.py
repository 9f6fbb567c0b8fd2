"""The `emoji` family: text-conditional latent diffusion on 64x64 pictures.

A text transformer reads the prompt; a transformer of four places walks the latent and looks at the prompt's tokens by
cross-attention; both are trained together on the latents of a finished autoencoder.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.train import command
from models.train.emoji_autoencoder import CHANNELS, PLACES, scaled, trained
from models.train.emoji_data import load
from models.train.emoji_text import LENGTH, PAD, Captions, load_tokenizer
from models.train.process import VariancePreserving, squared_cosine_betas
from models.train.trainer import Recipe, train
from models.train.unet import SinusoidalTime

STEPS = 1000
TEXT_WIDTH = 128
PATCH = 4
CAP = 5.0

RECIPE = Recipe(seed=20261125, steps=6000, batch=64, rate=2e-3, warmup=200, averaging=0.999)


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int, mask: Tensor | None = None) -> Tensor:
    """[B, n, D], [B, m, D], [B, m, D] -> [B, n, D]; `mask` [B, 1, 1, m] is true where one may look."""
    split = [part.unflatten(2, (heads, -1)).transpose(1, 2) for part in (query, key, value)]
    return functional.scaled_dot_product_attention(*split, attn_mask=mask).transpose(1, 2).flatten(2)


class TextLayer(nn.Module):
    def __init__(self, width: int, heads: int = 4):
        super().__init__()
        self.heads = heads
        self.norm_attention, self.norm_mix = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.mix = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))

    def forward(self, h: Tensor, mask: Tensor) -> Tensor:
        query, key, value = self.query_key_value(self.norm_attention(h)).chunk(3, dim=2)
        h = h + self.output(attend(query, key, value, self.heads, mask))
        return h + self.mix(self.norm_mix(h))


class Text(nn.Module):
    """Ids [B, LENGTH], weight of each [B, LENGTH] -> what each token became and the whole: [B, LENGTH·D + D].

    Places behind the end are zeros, which the denoiser's cross-attention cannot tell from nothing.
    """

    def __init__(self, vocabulary: int, width: int = TEXT_WIDTH, layers: int = 2):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.places = nn.Parameter(0.02 * torch.randn(LENGTH, width))
        nn.init.normal_(self.tokens.weight, std=0.3)
        self.layers = nn.ModuleList(TextLayer(width) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, ids: Tensor, weights: Tensor) -> Tensor:
        ids = ids.long()
        said = ids != PAD
        h = self.tokens(ids) + self.places
        for layer in self.layers:
            h = layer(h, said[:, None, None, :])
        heavy = weights * said
        h = self.norm(h) * heavy.unsqueeze(2)
        whole = h.sum(dim=1) / heavy.sum(dim=1, keepdim=True).clamp(min=1e-3)
        return torch.cat([h.flatten(1), whole], dim=1)


class Layer(nn.Module):
    """Attention among places, attention to the text, and a mix of each place; time and text as a whole shift and gate."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.norm_text = nn.LayerNorm(width)
        self.modulation = nn.Parameter(torch.zeros(6, width))
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(TEXT_WIDTH, 2 * width, bias=False)
        self.output_text = nn.Linear(width, width)
        nn.init.zeros_(self.output_text.weight)
        nn.init.zeros_(self.output_text.bias)
        self.mix = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))

    def forward(self, h: Tensor, text: Tensor, shared: Tensor) -> Tensor:
        """h [B, n, D], text [B, LENGTH, T], shared [B, 6, D]."""
        shift, scale, gate, shift_mix, scale_mix, gate_mix = (shared + self.modulation).unsqueeze(2).unbind(1)
        query, key, value = self.query_key_value(self.norm(h) * (1 + scale) + shift).chunk(3, dim=2)
        h = h + gate * self.output(attend(query, key, value, self.heads))
        key, value = self.key_value(text).chunk(2, dim=2)
        h = h + self.output_text(attend(self.query(self.norm_text(h)), key, value, self.heads))
        return h + gate_mix * self.mix(self.norm(h) * (1 + scale_mix) + shift_mix)


class Denoiser(nn.Module):
    """x [B, CHANNELS, PLACES, PLACES], t [B], text [B, LENGTH·T + T] -> v, in the shape of x."""

    def __init__(self, width: int = 240, layers: int = 4, heads: int = 6):
        super().__init__()
        side, inside = PLACES // PATCH, CHANNELS * PATCH * PATCH
        self.side = side
        self.stem = nn.Linear(inside, width)
        self.places = nn.Parameter(0.02 * torch.randn(side * side, width))
        self.sinusoidal = SinusoidalTime(128)
        self.time = nn.Sequential(nn.Linear(128, width), nn.SiLU(), nn.Linear(width, width))
        self.whole = nn.Linear(TEXT_WIDTH, width)
        self.shared = nn.Linear(width, 6 * width)
        self.layers = nn.ModuleList(Layer(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, inside)
        self.kept = nn.Linear(width, inside)
        for last in (self.head, self.kept):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor, t: Tensor, text: Tensor) -> Tensor:
        words = text[:, : LENGTH * TEXT_WIDTH].unflatten(1, (LENGTH, TEXT_WIDTH))
        condition = functional.silu(self.time(self.sinusoidal(t)) + self.whole(text[:, LENGTH * TEXT_WIDTH :]))
        shared = self.shared(condition).unflatten(1, (6, -1))
        noisy = functional.pixel_unshuffle(x, PATCH).flatten(2).transpose(1, 2)
        h = self.stem(noisy) + self.places
        for layer in self.layers:
            h = layer(h, words, shared)
        # The noise that is part of the answer need not squeeze through the layers.
        answer = (self.head(self.norm(h)) + self.kept(condition).unsqueeze(1) * noisy).transpose(1, 2).unflatten(2, (self.side, self.side))
        return functional.pixel_shuffle(answer, PATCH)


class Reader(nn.Module):
    """The two networks that are trained together."""

    def __init__(self, vocabulary: int):
        super().__init__()
        self.text, self.denoiser = Text(vocabulary), Denoiser()


def process() -> VariancePreserving:
    return VariancePreserving.of(squared_cosine_betas(STEPS))


class VelocityLoss:
    """As in `fashion`: squared error of v, nearly clean inputs capped, times spread over the batch."""

    def __init__(self, latents: Tensor, captions: Captions):
        self.latents, self.captions = latents, captions
        self.process = process()
        self.weight = (CAP / (1 + self.process.signal_to_noise(torch.arange(STEPS)))).clamp(max=1)

    def __call__(self, network: Reader, batch: Tensor, randomness: torch.Generator) -> Tensor:
        drawn = self.captions.draw(batch, randomness)
        clean = self.latents[drawn.places]
        count = len(batch)
        index = ((torch.arange(count) + torch.rand(count, generator=randomness)) / count * STEPS).long()
        noise = torch.randn(clean.shape, generator=randomness)
        x, target = self.process.diffuse(clean, noise, index)
        text = network.text(drawn.ids, torch.ones(drawn.ids.shape))
        error = (network.denoiser(x, index.float(), text) - target).square().mean(dim=(1, 2, 3))
        return (self.weight[index] * error).mean()


@torch.no_grad()
def encoded(autoencoder: Path, pictures: Tensor) -> Tensor:
    encoder = trained(autoencoder).encoder.to(memory_format=torch.channels_last)
    return torch.cat([encoder(scaled(part)) for part in pictures.split(64)]).contiguous()


def standard(latents: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each channel, [1, CHANNELS, 1, 1]: the denoiser sees latents of unit variance."""
    return latents.mean(dim=(0, 2, 3), keepdim=True), latents.std(dim=(0, 2, 3), keepdim=True)


def more(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument("--autoencoder", type=Path, required=True, help="folder of models.train.emoji_autoencoder")


def main() -> None:
    options = command.options(__doc__.splitlines()[0], RECIPE, more, data=None)
    recipe = command.prepare(options, RECIPE)
    subjects, pictures = load(options.data)
    tokenizer = load_tokenizer(options.out / "tokenizer.json", subjects)
    learned = [subject for subject in subjects if not subject.held_out]
    kept = options.out / "latents.pt"
    if not kept.exists():
        torch.save(encoded(options.autoencoder, command.here(torch.from_numpy(pictures))), kept)
    latents = command.here(torch.load(kept, weights_only=True, map_location="cpu"))
    mean, deviation = standard(latents)
    loss = VelocityLoss((latents - mean) / deviation, Captions(learned, tokenizer))
    train(Reader(tokenizer.get_vocab_size()), loss, len(learned), recipe, options.out, options.until)


if __name__ == "__main__":
    main()
