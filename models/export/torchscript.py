"""Turns a trained network into the TorchScript file of a bundle."""

import hashlib
import io
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn


def export(
    network: nn.Module, example: tuple[Tensor, ...], path: Path, rtol: float = 1e-4, atol: float = 1e-5
) -> torch.jit.ScriptModule:
    """Traces, checks that the trace holds for other batch sizes, freezes, saves, and returns what loads back."""
    network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        traced = torch.jit.trace(network, example)
        for rows in (1, 3):
            part = tuple(argument[:rows] for argument in example)
            torch.testing.assert_close(traced(*part), network(*part), rtol=rtol, atol=atol)
    save(torch.jit.freeze(traced), path)
    return torch.jit.load(path).eval()


def save(script: torch.jit.ScriptModule, path: Path) -> None:
    """Stores a script without what only its author's machine knows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = io.BytesIO()
    torch.jit.save(script, whole)
    _without_debug(whole, path)


def _without_debug(source: io.BytesIO, path: Path) -> None:
    """Drops the Python stack of every operation: it names folders of the exporting machine, and loading needs none."""
    with zipfile.ZipFile(source) as read, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as written:
        for entry in read.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                # A fixed date, so that equal weights give an equal digest.
                dated = zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0))
                # Compressed, since rounded weights shrink to half.
                written.writestr(dated, read.read(entry), zipfile.ZIP_DEFLATED)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def parameters(network: nn.Module) -> int:
    return sum(value.numel() for value in network.parameters())
