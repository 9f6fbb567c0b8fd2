"""What the exports of all families share: rounding, digests, golden tensors and the manifest's common part."""

import argparse
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import torch
from torch import Tensor, nn

from models.export import golden, torchscript
from models.train import idx
from models.train.fashion import CLASSES, NULL_CLASS, STEPS, process

MAX_ROWS = 32
GARMENTS = {"kind": "class", "classes": CLASSES, "nullIndex": NULL_CLASS}
PIXELS = {"shape": [1, 28, 28], "range": [-1, 1]}
LICENSE = {"weights": "Apache-2.0", "data": "MIT (Fashion-MNIST, Zalando SE)"}


def options(description: str, *trainings: str, more: Callable = lambda arguments: None) -> argparse.Namespace:
    """The command line of an export; each of `trainings` becomes an option for its folder of checkpoints, `more` adds others."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--data", type=Path, default=idx.DEBIAN_FASHION_MNIST)
    for name in trainings:
        arguments.add_argument(f"--{name}", type=Path, required=True, help=f"training folder of models.train.{name}")
    arguments.add_argument("--out", type=Path, required=True, help="bundle folder")
    arguments.add_argument("--date", type=date.fromisoformat, default=date.today())
    more(arguments)
    return arguments.parse_args()


@torch.no_grad()
def rounded(network: nn.Module) -> nn.Module:
    """Rounds the weights to what bfloat16 can hold, stored as float32 all the same: the files compress to half."""
    for parameter in network.parameters():
        parameter.copy_(parameter.bfloat16().float())
    return network


@torch.no_grad()
def noisy(rows: int, seed: int, data: Path) -> tuple[Tensor, Tensor, Tensor]:
    """Noisy test pictures at indices of the `fashion` schedule, falling over the whole range, and their labels."""
    randomness = torch.Generator().manual_seed(seed)
    clean = idx.scaled(idx.images(data, "t10k")[:rows])
    index = torch.linspace(STEPS - 1, 3, rows).long()
    x, _ = process().diffuse(clean, torch.randn(clean.shape, generator=randomness), index)
    return x, index.float(), idx.labels(data, "t10k")[:rows].clone()


def listed(out: Path, file: str, inputs: list[str], **more) -> dict:
    """A network's entry in the manifest."""
    return {"file": file, "sha256": torchscript.sha256(out / file), "inputs": inputs, "maxRows": MAX_ROWS, **more}


def table(out: Path, name: str, numbers: list[float]) -> dict:
    """Stores a table; its entry in the manifest."""
    (out / "tables").mkdir(parents=True, exist_ok=True)
    file = out / "tables" / f"{name}.json"
    file.write_text(json.dumps([float(f"{number:.7g}") for number in numbers], separators=(",", ":")) + "\n")
    return {name: {"file": f"tables/{name}.json", "sha256": torchscript.sha256(file)}}


def write(out: Path, trained: date, recorded: dict, tolerance: float = 1e-4, **content) -> None:
    """Writes golden tensors and `model.json`; `content` is what is the family's own, in the manifest's words."""
    golden.write(out / "golden.json", tolerance, recorded)
    manifest = {
        "format": 1,
        "name": content.pop("name"),
        "title": content.pop("title"),
        "description": content.pop("description"),
        "author": "Safelight",
        "date": trained.isoformat(),
        "license": LICENSE,
        "parameters": content.pop("parameters"),
        "queue": "default",
        "networks": content.pop("networks"),
        "latent": content.pop("latent", PIXELS),
        "process": content.pop("process"),
        "conditioning": content.pop("conditioning", GARMENTS),
        "decoder": {"kind": "pixels"},
        "defaults": content.pop("defaults"),
        "limits": {"steps": 1000, "count": 16},
        "golden": {"file": "golden.json"},
        **content,
    }
    (out / "model.json").write_text(json.dumps(manifest, indent=2) + "\n")
