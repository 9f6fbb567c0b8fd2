"""Writes the `emoji` bundle from the checkpoints of its trainings."""

import argparse
import json
from datetime import date
from pathlib import Path

import torch
from torch import Tensor, nn

from models.export import golden, torchscript
from models.train import emoji_autoencoder
from models.train.emoji import CHANNELS, PLACES, STEPS, TEXT_WIDTH, Reader, process, standard
from models.train.emoji_text import BEGIN, END, LENGTH, PAD, framed
from models.train.trainer import averaged_weights
from tokenizers import Tokenizer

MAX_ROWS = 16
KEPT_BITS = 4
"""Of each weight's fraction: a file holds a weight in 1.4 bytes. What that costs in quality has not been measured apart."""
PICTURE = {"shape": [3, 8 * PLACES, 8 * PLACES], "range": [-1, 1]}


class Encoder(nn.Module):
    """Picture -> latent of unit variance."""

    def __init__(self, network: nn.Module, mean: Tensor, deviation: Tensor):
        super().__init__()
        self.network, self.mean, self.deviation = network, mean, deviation

    def forward(self, x: Tensor) -> Tensor:
        return (self.network(x) - self.mean) / self.deviation


class Decoder(nn.Module):
    """Latent of unit variance -> picture."""

    def __init__(self, network: nn.Module, mean: Tensor, deviation: Tensor):
        super().__init__()
        self.network, self.mean, self.deviation = network, mean, deviation

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x * self.deviation + self.mean)


@torch.no_grad()
def coarse(network: nn.Module, bits: int = KEPT_BITS) -> nn.Module:
    """Rounds each weight to so many bits behind its first."""
    for parameter in network.parameters():
        fraction, exponent = torch.frexp(parameter)
        parameter.copy_(torch.ldexp((fraction * 2 ** (bits + 1)).round() / 2 ** (bits + 1), exponent))
    return network


def read(options: argparse.Namespace) -> tuple[dict[str, nn.Module], Tokenizer, int]:
    """The networks by role, with averaged weights."""
    tokenizer = Tokenizer.from_file(str(options.emoji / "tokenizer.json"))
    reader = Reader(tokenizer.get_vocab_size())
    weights, step = averaged_weights(options.emoji)
    reader.load_state_dict(weights)
    autoencoder = emoji_autoencoder.trained(options.autoencoder)
    decoder = autoencoder.decoder
    if options.decoder is not None:
        decoder.load_state_dict(averaged_weights(options.decoder)[0])
    mean, deviation = standard(torch.load(options.emoji / "latents.pt", weights_only=True))
    networks = {
        "text": reader.text,
        "encoder": Encoder(autoencoder.encoder, mean, deviation),
        "decoder": Decoder(decoder, mean, deviation),
        "denoiser": reader.denoiser,
    }
    return {role: network.eval().requires_grad_(False) for role, network in networks.items()}, tokenizer, step


def examples(tokenizer: Tokenizer) -> dict[str, dict[str, Tensor]]:
    """Inputs by role, three rows each; pictures and latents of the size that the bundle has."""
    randomness = torch.Generator().manual_seed(1)

    def noise(*shape: int) -> Tensor:
        return torch.randn(3, *shape, generator=randomness)

    said = ["grinning face, happy", "a red apple", ""]
    ids = torch.tensor([framed(tokenizer.encode(text).ids) for text in said]).float()
    weights = torch.ones(3, LENGTH)
    weights[1, 2] = 1.3
    return {
        "text": {"tokens": ids, "weights": weights},
        # Eighths, since a picture has 12,288 numbers and these are short to write.
        "encoder": {"x": (noise(3, 8 * PLACES, 8 * PLACES).clamp(-1, 1) * 8).round() / 8},
        "decoder": {"x": noise(CHANNELS, PLACES, PLACES)},
        "denoiser": {
            "x": noise(CHANNELS, PLACES, PLACES),
            "t": torch.tensor([3.0, 500.0, 999.0]),
            "text": noise((LENGTH + 1) * TEXT_WIDTH),
        },
    }


def manifest(parameters: int, networks: dict, digest: str, trained: date) -> dict:
    return {
        "format": 1,
        "name": "emoji",
        "title": "Emoji from words",
        "description": "Text to image: latent diffusion that draws 64x64 colour emoji of what a prompt says, flat or 3d.",
        "author": "Safelight",
        "date": trained.isoformat(),
        "license": {
            "weights": "Apache-2.0",
            "data": "Apache-2.0 (pictures: Noto Emoji, Google), MIT (pictures: Fluent Emoji, Microsoft; captions: emojibase)",
        },
        "parameters": parameters,
        "queue": "default",
        "networks": networks,
        "latent": {"shape": [CHANNELS, PLACES, PLACES], "range": [-4, 4]},
        "image": PICTURE,
        "process": {"kind": "vp", "schedule": {"kind": "squared-cosine", "steps": STEPS}, "prediction": "v"},
        "conditioning": {
            "kind": "text",
            "text": {
                "tokenizers": [
                    {
                        "input": "tokens",
                        "weights": "weights",
                        "file": "tokenizer.json",
                        "sha256": digest,
                        "length": LENGTH,
                        "begin": [BEGIN],
                        "end": [END],
                        "pad": PAD,
                    }
                ],
                "unsaid": "empty",
                "layers": 1,
            },
        },
        "decoder": {"kind": "network"},
        "defaults": {"sampler": "dpmpp-2m", "steps": 25, "guidance": 3.0, "spacing": "trailing", "eta": 0.0},
        "limits": {"steps": 1000, "count": 16},
        "golden": {"file": "golden.json"},
    }


@torch.inference_mode()
def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--emoji", type=Path, required=True, help="training folder of models.train.emoji")
    arguments.add_argument("--autoencoder", type=Path, required=True, help="training folder of models.train.emoji_autoencoder")
    arguments.add_argument("--decoder", type=Path, help="training folder of its --refine, for a better decoder")
    arguments.add_argument("--out", type=Path, required=True, help="bundle folder")
    arguments.add_argument("--date", type=date.fromisoformat, default=date.today())
    options = arguments.parse_args()
    torch.set_num_threads(1)
    networks, tokenizer, step = read(options)
    options.out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(options.out / "tokenizer.json"), pretty=False)

    listed, recorded, parameters = {}, {}, 0
    for role, given in examples(tokenizer).items():
        network = coarse(networks[role])
        file = options.out / f"{role}.pt"
        # Attention over 24 tokens adds up in another order for other numbers of rows.
        saved = torchscript.export(network, tuple(given.values()), file, rtol=1e-3, atol=1e-4)
        shapes = {name: list(value.shape[1:]) for name, value in given.items() if name not in ("x", "t")}
        listed[role] = {
            "file": file.name,
            "sha256": torchscript.sha256(file),
            "inputs": list(given),
            "maxRows": MAX_ROWS,
        } | ({"shapes": shapes} if shapes else {})
        inputs = {name: value[:1] for name, value in given.items()}
        recorded[role] = {"inputs": inputs, "outputs": {"answer": saved(*inputs.values())}}
        parameters += torchscript.parameters(network)
    golden.write(options.out / "golden.json", 1e-3, recorded)
    content = manifest(parameters, listed, torchscript.sha256(options.out / "tokenizer.json"), options.date)
    (options.out / "model.json").write_text(json.dumps(content, indent=2) + "\n")
    size = sum(file.stat().st_size for file in options.out.rglob("*") if file.is_file())
    print(f"bundle of training step {step} in {options.out}, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
