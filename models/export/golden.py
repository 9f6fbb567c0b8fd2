"""Golden tensors: inputs and outputs that the training framework recorded, for another runtime to compare with."""

import json
from pathlib import Path

from torch import Tensor

TYPES = {"torch.float32": "float32", "torch.int64": "int64"}


def tensor(value: Tensor) -> dict:
    """Row-major values; a float32 written with 9 digits reads back to the same bits."""
    kind = TYPES[str(value.dtype)]
    flat = value.flatten().tolist()
    values = flat if kind == "int64" else [float(f"{number:.9g}") for number in flat]
    return {"type": kind, "shape": list(value.shape), "values": values}


def sides(recorded: dict) -> dict:
    """One network's {"inputs": {name: Tensor}, "outputs": {name: Tensor}}, ready to be written."""
    return {side: {name: tensor(value) for name, value in tensors.items()} for side, tensors in recorded.items()}


def write(path: Path, tolerance: float, networks: dict[str, dict]) -> None:
    """`networks`: role -> {"inputs": {name: Tensor}, "outputs": {name: Tensor}}."""
    content = {
        "tolerance": tolerance,
        "networks": {
            role: sides(recorded) for role, recorded in networks.items()
        },
    }
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n")
