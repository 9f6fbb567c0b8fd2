"""Compares the networks of bundles on a device with what was recorded when they were exported, and times them there.

    python -m models.export.on_device models/emoji models/fashion --device cuda --rows 1 4 16

One line a network: how far its golden output is off, relative to the largest number of it, and milliseconds a call for each
number of rows. The files are those that the worker loads, by the same engine, without the worker.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import torch
from torch import Tensor

KINDS = {"float32": torch.float32, "int64": torch.int64}


def recorded(bundle: Path) -> dict[str, dict]:
    """Role -> {"inputs": {name: Tensor}, "outputs": {name: Tensor}} of all golden files of a bundle."""
    found = {}
    for file in sorted(bundle.rglob("golden.json")):
        for role, sides in json.loads(file.read_text())["networks"].items():
            found[role] = {side: {name: restored(value) for name, value in tensors.items()} for side, tensors in sides.items()}
    return found


def restored(value: dict) -> Tensor:
    return torch.tensor(value["values"], dtype=KINDS[value["type"]]).reshape(value["shape"])


def off(answer: Tensor, wanted: Tensor) -> float:
    """The largest difference over the largest number."""
    return ((answer.cpu().float() - wanted.float()).abs().max() / wanted.float().abs().max()).item()


def milliseconds(network, inputs: list[Tensor], calls: int = 20) -> float:
    """The median of so many calls after as many as the compiler of TorchScript needs to settle."""
    for _ in range(5):
        network(*inputs)
    took = []
    for _ in range(calls):
        wait(inputs[0].device)
        began = time.perf_counter()
        network(*inputs)
        wait(inputs[0].device)
        took.append(time.perf_counter() - began)
    return 1000 * statistics.median(took)


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def repeated(inputs: list[Tensor], rows: int) -> list[Tensor]:
    return [value[:1].expand(rows, *value.shape[1:]).contiguous() for value in inputs]


# Not inference mode, since a guide asks for gradients itself.
@torch.no_grad()
def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("bundles", type=Path, nargs="+")
    arguments.add_argument("--device", default="cuda")
    arguments.add_argument("--rows", type=int, nargs="*", default=[1, 4, 16, 64])
    options = arguments.parse_args()
    for bundle in options.bundles:
        listed = json.loads((bundle / "model.json").read_text())["networks"]
        for role, sides in recorded(bundle).items():
            network = torch.jit.load(bundle / listed[role]["file"], map_location=options.device).eval()
            inputs = [value.to(options.device) for value in sides["inputs"].values()]
            answer = network(*inputs)
            answers = answer if isinstance(answer, tuple) else (answer,)
            worst = max(off(mine, wanted) for mine, wanted in zip(answers, sides["outputs"].values()))
            times = "  ".join(f"{rows}: {milliseconds(network, repeated(inputs, rows)):.2f}" for rows in options.rows)
            print(f"{bundle.name} {role}: off by {worst:.1e}; ms a call by rows {times}", flush=True)


if __name__ == "__main__":
    main()
