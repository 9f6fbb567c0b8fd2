"""Turns a trained network into the TorchScript file of a bundle."""

import hashlib
import tempfile
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
    # On the disk, since a copy in memory may be too much; its name becomes part of the file.
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        whole = Path(scratch) / "archive.pt"
        torch.jit.save(script, whole)
        _without_debug(whole, path)


# The Python stack of every operation names folders of the exporting machine, and the other is a digest over it too.
UNNEEDED = (".debug_pkl", "/.data/serialization_id")


# Rounded weights of a shipped bundle pack to half; those of a checkpoint by a tenth, for minutes here and seconds at each load.
LARGE = 64 << 20


def _without_debug(source: Path, path: Path) -> None:
    """Drops what loading does not need."""
    method = zipfile.ZIP_STORED if source.stat().st_size > LARGE else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(source) as read, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as written:
        for entry in read.infolist():
            if not entry.filename.endswith(UNNEEDED):
                # A fixed date, so that equal weights give an equal digest.
                dated = zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0))
                written.writestr(dated, read.read(entry), method)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def parameters(network: nn.Module) -> int:
    return sum(value.numel() for value in network.parameters())
