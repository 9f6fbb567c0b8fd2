"""Makes the `tiny` bundle of the tests: a small class-conditional U-Net with random weights.

    python worker/src/test/resources/bundles/tiny.py
"""

import hashlib
import json
import zipfile
from io import BytesIO
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

FOLDER = Path(__file__).parent / "tiny"
STEPS = 1000
CLASSES = ["circle", "square", "triangle", "cross"]
NULL_CLASS = len(CLASSES)


class TinyUNet(nn.Module):
    """x [B, 1, 28, 28], t [B], class index [B] -> v [B, 1, 28, 28]."""

    def __init__(self, width: int = 24):
        super().__init__()
        self.register_buffer("frequencies", torch.exp(-torch.arange(16) * 0.55), persistent=False)
        self.context = nn.Embedding(NULL_CLASS + 1, 32)
        self.shift = nn.Linear(64, width)
        self.stem = nn.Conv2d(1, width, 3, stride=2, padding=1)
        self.norm_down = nn.GroupNorm(4, width)
        self.down = nn.Conv2d(width, width, 3, stride=2, padding=1)
        self.norm_up = nn.GroupNorm(4, width)
        self.up = nn.Conv2d(width, width, 3, padding=1)
        self.join = nn.Conv2d(2 * width, width, 3, padding=1)
        self.head = nn.Conv2d(width, 4, 3, padding=1)

    def forward(self, x: Tensor, t: Tensor, class_index: Tensor) -> Tensor:
        angles = t.unsqueeze(1) * self.frequencies
        embedding = torch.cat([angles.cos(), angles.sin(), self.context(class_index)], dim=1)
        skip = self.stem(x)
        h = functional.silu(self.norm_down(skip) + self.shift(embedding).unsqueeze(2).unsqueeze(3))
        h = functional.silu(self.norm_up(self.down(h)))
        h = functional.interpolate(self.up(h), scale_factor=2.0, mode="nearest")
        h = functional.silu(self.join(torch.cat([h, skip], dim=1)))
        return functional.pixel_shuffle(self.head(h), 2)


def tensor(value: Tensor) -> dict:
    kind = {torch.float32: "float32", torch.int64: "int64"}[value.dtype]
    return {"type": kind, "shape": list(value.shape), "values": value.flatten().tolist()}


@torch.inference_mode()
def main() -> None:
    torch.manual_seed(1)
    network = TinyUNet().eval().requires_grad_(False)
    for parameter in network.parameters():
        parameter.mul_(1.5)
    x, t, classes = torch.randn(4, 1, 28, 28), torch.tensor([999.0, 640.0, 77.0, 0.0]), torch.tensor([0, 1, 3, 4])
    scripted = torch.jit.freeze(torch.jit.trace(network, (x, t, classes)))
    whole = BytesIO()
    torch.jit.save(scripted, whole)
    # Python stacks are left out: they name folders of the exporting machine. A fixed date keeps the digest.
    with zipfile.ZipFile(whole) as read, zipfile.ZipFile(FOLDER / "denoiser.pt", "w") as written:
        for entry in read.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                written.writestr(zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0)), read.read(entry))
    scripted = torch.jit.load(FOLDER / "denoiser.pt")
    golden = {
        "tolerance": 1e-4,
        "networks": {
            "denoiser": {
                "inputs": {"x": tensor(x), "t": tensor(t), "class": tensor(classes)},
                "outputs": {"v": tensor(scripted(x, t, classes))},
            }
        },
    }
    (FOLDER / "golden.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    manifest = {
        "format": 1,
        "name": "tiny",
        "title": "Tiny",
        "description": "Random weights, for tests.",
        "author": "Safelight",
        "date": "2026-11-24",
        "license": {"weights": "Apache-2.0", "data": "none"},
        "parameters": sum(value.numel() for value in network.parameters()),
        "queue": "default",
        "networks": {
            "denoiser": {
                "file": "denoiser.pt",
                "sha256": hashlib.sha256((FOLDER / "denoiser.pt").read_bytes()).hexdigest(),
                "inputs": ["x", "t", "class"],
                "maxRows": 16,
            }
        },
        "latent": {"shape": [1, 28, 28], "range": [-1, 1]},
        "process": {"kind": "vp", "schedule": {"kind": "squared-cosine", "steps": STEPS}, "prediction": "v"},
        "conditioning": {"kind": "class", "classes": CLASSES, "nullIndex": NULL_CLASS},
        "decoder": {"kind": "pixels"},
        "defaults": {"sampler": "dpmpp-2m", "steps": 10, "guidance": 2.0, "spacing": "trailing", "eta": 0.0},
        "limits": {"steps": 1000, "count": 16},
        "golden": {"file": "golden.json"},
    }
    (FOLDER / "model.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main()
