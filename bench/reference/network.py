"""Times variants of a bundle's network: how TorchScript was made, memory layout, number of threads, precision.

All variants have the weights of the bundle and take turns within each round, so that what else the machine does meets all of
them; a figure is the median over the rounds of a variant's rows a second divided by those of the file that ships, and the
lowest and highest of them. Processors are shared with an API and a database, so OpenMP's threads sleep while they wait, as
the launcher has it. Prints a table in Markdown.

    OMP_WAIT_POLICY=PASSIVE python bench/reference/network.py --bundle models/fashion
"""

import argparse
import io
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent))
from pipeline import thawed  # noqa: E402

Inputs = tuple[Tensor, Tensor, Tensor]
Network = Callable[..., Tensor]


class Half(nn.Module):
    """Takes and gives float32; convolutions and products of matrices are computed in bfloat16."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.network(x, t, label).float()


def inputs(rows: int, shape: list[int], classes: int) -> Inputs:
    randomness = torch.Generator().manual_seed(rows)
    x = torch.randn([rows, *shape], generator=randomness)
    t = torch.linspace(990, 10, rows)
    return x, t, torch.arange(rows) % classes


def reloaded(script: torch.jit.ScriptModule) -> torch.jit.ScriptModule:
    """As a worker gets it: what cannot be stored in a file is of no use to a bundle."""
    stored = io.BytesIO()
    torch.jit.save(script, stored)
    stored.seek(0)
    return torch.jit.load(stored).eval()


def variants(path: Path, classes: int, example: Inputs) -> dict[str, tuple[Network, int]]:
    """Each with its number of threads."""
    most = torch.get_num_threads()

    def network() -> nn.Module:
        return thawed(path, classes, example)

    def traced(module: nn.Module) -> torch.jit.ScriptModule:
        return torch.jit.trace(module.eval(), example, check_trace=False)

    shipped = torch.jit.load(path).eval()
    made: dict[str, Callable[[], Network]] = {
        "eager, channels last": network,
        "traced, channels last": lambda: reloaded(traced(network())),
        "traced, frozen, channels last (as it ships), made anew": lambda: reloaded(
            torch.jit.freeze(traced(network()))
        ),
        "traced, frozen, contiguous": lambda: reloaded(
            torch.jit.freeze(traced(network().to(memory_format=torch.contiguous_format)))
        ),
        "optimize_for_inference, stored and loaded": lambda: reloaded(
            torch.jit.optimize_for_inference(torch.jit.freeze(traced(network())))
        ),
        "optimize_for_inference, contiguous, stored and loaded": lambda: reloaded(
            torch.jit.optimize_for_inference(
                torch.jit.freeze(traced(network().to(memory_format=torch.contiguous_format)))
            )
        ),
        "optimize_for_inference, in process": lambda: torch.jit.optimize_for_inference(
            torch.jit.freeze(traced(network()))
        ),
        "bfloat16, frozen, channels last": lambda: reloaded(torch.jit.freeze(traced(Half(network())))),
    }
    found: dict[str, tuple[Network, int]] = {"as it ships": (shipped, most)}
    for threads in {1, 2, 4} - {most}:
        found[f"as it ships, {threads} thread{'s' if threads > 1 else ''}"] = shipped, threads
    for name, make in made.items():
        try:
            candidate = make()
            candidate(*example)
            found[name] = candidate, most
        except Exception as error:  # noqa: BLE001 - what a variant cannot do is a result
            print(f"{name}: cannot be made: {str(error).strip().splitlines()[-1]}", file=sys.stderr)
    return found


def rows_per_second(network: Network, batch: Inputs, seconds: float) -> float:
    calls, start = 0, time.perf_counter()
    while calls < 2 or time.perf_counter() - start < seconds:
        network(*batch)
        calls += 1
    return calls * len(batch[0]) / (time.perf_counter() - start)


@torch.inference_mode()
def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--bundle", type=Path, required=True)
    arguments.add_argument("--rows", type=int, nargs="+", default=[1, 8])
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--seconds", type=float, default=0.5, help="a variant's turn")
    arguments.add_argument("--threads", type=int, default=os.cpu_count())
    arguments.add_argument("--only", nargs="+", default=[""], help="beginnings of the names of variants")
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    manifest = json.loads((options.bundle / "model.json").read_text())
    shape, classes = manifest["latent"]["shape"], len(manifest["conditioning"]["classes"])
    path = options.bundle / manifest["networks"]["denoiser"]["file"]
    all_variants = {
        name: variant
        for name, variant in variants(path, classes, inputs(3, shape, classes)).items()
        if name == "as it ships" or name.startswith(tuple(options.only))
    }
    print(f"{options.threads} threads, PyTorch {torch.__version__}, {options.rounds} rounds of {options.seconds} s\n")
    print("| network | " + " | ".join(f"{rows} rows" for rows in options.rows) + " | largest difference |")
    print("|---" * (len(options.rows) + 2) + "|")
    ratios: dict[str, list[str]] = {name: [] for name in all_variants}
    difference: dict[str, float] = dict.fromkeys(all_variants, 0.0)
    for rows in options.rows:
        batch = inputs(rows, shape, classes)
        expected = all_variants["as it ships"][0](*batch)
        for name, (network, threads) in all_variants.items():
            torch.set_num_threads(threads)
            for _ in range(4):
                answer = network(*batch)
            difference[name] = max(difference[name], (answer - expected).abs().max().item())
        seen: dict[str, list[float]] = {name: [] for name in all_variants}
        for round_ in range(options.rounds):
            # Each round begins with another variant, so that none always follows the same one.
            names = list(all_variants)
            names = names[round_ % len(names) :] + names[: round_ % len(names)]
            rates = {}
            for name in names:
                network, threads = all_variants[name]
                torch.set_num_threads(threads)
                rates[name] = rows_per_second(network, batch, options.seconds)
            for name, rate in rates.items():
                seen[name].append(rate / rates["as it ships"])
        for name, of in seen.items():
            ratios[name].append(f"{statistics.median(of):.2f} ({min(of):.2f} to {max(of):.2f})")
    for name, columns in ratios.items():
        print(f"| {name} | " + " | ".join(columns) + f" | {difference[name]:.1e} |")


if __name__ == "__main__":
    main()
