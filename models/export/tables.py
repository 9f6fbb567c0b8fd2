"""Measures the tables of Analytic-DPM and of the dynamic-programming schedules on data, and lists them in the manifest.

For every training index n, over the same pictures and the same noise (so that the tables are smooth where the truth is):

noise-power        mean square of the noise estimate E of the conditional network (Bao et al. 2022, Gamma_n)
noise-power-W      the same of the guided estimate E_null + W (E - E_null)
clean-error        mean square of x0 - D (Watson et al. 2021)
decoder-nll        nats for each number of reading the 8-bit picture off x_n in one step: the mass that a normal law around D,
                   with clean-error for its variance, gives to each pixel's byte (Ho et al. 2020, section 3.3)
"""

import argparse
import json
import math
from pathlib import Path

import torch
from torch import Tensor

from models.export import torchscript
from models.train import idx
from models.train.fashion import NULL_CLASS, process


def scattered(data: Path, count: int, randomness: torch.Generator) -> tuple[Tensor, Tensor]:
    """Training pictures [count, 1, 28, 28] in [-1, 1], equally many of each class, and their labels."""
    pictures, labels = idx.images(data, "train"), idx.labels(data, "train")
    order = torch.randperm(len(pictures), generator=randomness)
    classes = int(labels.max()) + 1
    chosen = torch.cat([order[labels[order] == c][: count // classes] for c in range(classes)])
    return idx.scaled(pictures[chosen]), labels[chosen]


def decoder_nll(clean: Tensor, mean: Tensor, variance: float) -> float:
    """-ln of the mass of each byte's interval under N(mean, variance), the outermost ones being open; nats a number."""
    half, deviation = 1 / 255, math.sqrt(variance)

    def below(edge: Tensor) -> Tensor:
        return torch.special.ndtr((edge - mean).double() / deviation)

    upper = torch.where(clean > 0.999, 1.0, below(clean + half))
    lower = torch.where(clean < -0.999, 0.0, below(clean - half))
    return -(upper - lower).clamp(min=1e-12).log().mean().item()


@torch.inference_mode()
def measure(denoiser, clean: Tensor, labels: Tensor, weights: list[float], seed: int, rows: int) -> dict[str, list]:
    """The tables, each with one number an index."""
    schedule = process()
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed))
    power = noise.square().mean(dim=(1, 2, 3), dtype=torch.float64)
    names = {weight: f"noise-power-{weight:g}" for weight in weights}
    tables = {name: [] for name in ["noise-power", *names.values(), "clean-error", "decoder-nll"]}
    for index in range(schedule.steps):
        a, s = schedule.signal[index].item(), schedule.noise[index].item()
        x = a * clean + s * noise
        t = torch.full((len(clean),), float(index))

        def estimated(classes: Tensor) -> Tensor:
            parts = zip(x.split(rows), t.split(rows), classes.split(rows))
            return torch.cat([denoiser(*part) for part in parts])

        def excess(e: Tensor) -> float:
            # The power of the noise itself is 1; without its share the sample's own luck is gone.
            return 1 + (e.square().mean(dim=(1, 2, 3), dtype=torch.float64) - power).mean().item()

        v = estimated(labels)
        e, d = a * v + s * x, a * x - s * v
        error = (clean - d).square().mean(dtype=torch.float64).item()
        tables["noise-power"].append(excess(e))
        tables["clean-error"].append(error)
        tables["decoder-nll"].append(decoder_nll(clean, d, error))
        if weights:
            without = estimated(torch.full_like(labels, NULL_CLASS))
            e_without = a * without + s * x
            for weight, name in names.items():
                tables[name].append(excess(e_without + weight * (e - e_without)))
    return tables


def write(bundle: Path, tables: dict[str, list]) -> None:
    """Stores the tables in the bundle's folder `tables` and lists them with their digests."""
    manifest = json.loads((bundle / "model.json").read_text())
    listed = manifest.setdefault("tables", {})
    (bundle / "tables").mkdir(exist_ok=True)
    for name, numbers in tables.items():
        file = bundle / "tables" / f"{name}.json"
        file.write_text(json.dumps([float(f"{number:.7g}") for number in numbers], separators=(",", ":")) + "\n")
        listed[name] = {"file": f"tables/{file.name}", "sha256": torchscript.sha256(file)}
    (bundle / "model.json").write_text(json.dumps(manifest, indent=2) + "\n")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=idx.DEBIAN_FASHION_MNIST)
    arguments.add_argument("--bundle", type=Path, required=True)
    arguments.add_argument("--pictures", type=int, default=50)
    arguments.add_argument("--guidance", type=float, nargs="*", default=[0, 1.5, 2, 3], help="guided tables, one a weight")
    arguments.add_argument("--seed", type=int, default=6)
    arguments.add_argument("--rows", type=int, default=25, help="rows a call")
    arguments.add_argument("--threads", type=int, default=1)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    denoiser = torch.jit.load(options.bundle / "denoiser.pt").eval()
    clean, labels = scattered(options.data, options.pictures, torch.Generator().manual_seed(options.seed))
    tables = measure(denoiser, clean, labels, options.guidance, options.seed, options.rows)
    write(options.bundle, tables)
    for index in [0, 100, 300, 500, 700, 900, 999]:
        print(index, {name: round(numbers[index], 5) for name, numbers in tables.items()})


if __name__ == "__main__":
    main()
