"""Makes the `greedy` bundle of the tests: a network that asks for more memory than any machine has, for one class.

    python worker/src/test/resources/greedy/greedy.py
"""

import hashlib
import json
import zipfile
from io import BytesIO
from pathlib import Path

import torch
from torch import Tensor, nn

FOLDER = Path(__file__).parent / "greedy"
CLASSES = ["modest", "greedy"]


class Greedy(nn.Module):
    """x [B, 1, 4, 4], t [B], class index [B] -> epsilon [B, 1, 4, 4]."""

    def forward(self, x: Tensor, t: Tensor, class_index: Tensor) -> Tensor:
        if bool((class_index == 1).any()):
            # A pebibyte.
            x = x + torch.empty([1 << 48], dtype=torch.float32).sum()
        return torch.tanh(x)


def main() -> None:
    whole = BytesIO()
    torch.jit.save(torch.jit.script(Greedy().eval()), whole)
    FOLDER.mkdir(exist_ok=True)
    # Python stacks are left out: they name folders of the exporting machine. A fixed date keeps the digest.
    with zipfile.ZipFile(whole) as read, zipfile.ZipFile(FOLDER / "denoiser.pt", "w") as written:
        for entry in read.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                written.writestr(zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0)), read.read(entry))
    manifest = {
        "format": 1,
        "name": "greedy",
        "title": "Greedy",
        "description": "Has no room for one of its classes; for tests.",
        "author": "Safelight",
        "date": "2026-11-25",
        "license": {"weights": "Apache-2.0", "data": "none"},
        "parameters": 0,
        "queue": "default",
        "networks": {
            "denoiser": {
                "file": "denoiser.pt",
                "sha256": hashlib.sha256((FOLDER / "denoiser.pt").read_bytes()).hexdigest(),
                "inputs": ["x", "t", "class"],
                "maxRows": 16,
            }
        },
        "latent": {"shape": [1, 4, 4], "range": [-1, 1]},
        "process": {"kind": "vp", "schedule": {"kind": "squared-cosine", "steps": 1000}, "prediction": "epsilon"},
        "conditioning": {"kind": "class", "classes": CLASSES, "nullIndex": 0},
        "decoder": {"kind": "pixels"},
        "samplers": ["ddim"],
        "defaults": {"sampler": "ddim", "steps": 10, "guidance": 1.0, "spacing": "trailing", "eta": 0.0},
        "limits": {"steps": 1000, "count": 16},
    }
    (FOLDER / "model.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main()
