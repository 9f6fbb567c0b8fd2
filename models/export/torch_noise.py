"""Records what torch.randn draws on an x86 CPU, for the Java generator that has to draw the same bits.

    .venv/bin/python -m models.export.torch_noise --out common/src/test/resources/parity/torch-noise.json

Kept are SHA-256 digests over the little-endian float32 values. A "range" seeds the generator anew for every size; a
"sequence" seeds it once and draws the sizes one after the other. Takes half a minute, nearly all of it for the ranges that
together hold every size from 1 to 70,000.
"""

import argparse
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch

LARGEST = 70_000
KINDS = ("vectors", "sequences", "ranges", "every")


def digest(draws: Iterable[torch.Tensor]) -> str:
    whole = hashlib.sha256()
    for values in draws:
        assert values.dtype == torch.float32
        whole.update(values.numpy().tobytes())
    return whole.hexdigest()


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def range_of(seed: int, first: int, last: int, stride: int = 1) -> dict:
    sizes = range(first, last + 1, stride)
    sha256 = digest(torch.randn(size, generator=seeded(seed)) for size in sizes)
    return {"seed": seed, "first": first, "last": last, "stride": stride, "sha256": sha256}


def sequence(seed: int, sizes: list[int]) -> dict:
    generator = seeded(seed)
    return {"seed": seed, "sizes": sizes, "sha256": digest(torch.randn(size, generator=generator) for size in sizes)}


def zeros(count: int) -> Iterator[dict]:
    """The largest size of the first seeds that meet a radius of 0, whose products must not come out as -0."""
    seeds = (seed for seed in itertools.count() if (torch.randn(LARGEST, generator=seeded(seed)) == 0).sum() > 1)
    return (range_of(seed, LARGEST, LARGEST) for seed in itertools.islice(seeds, count))


def vector(seed: int, size: int) -> dict:
    bits = torch.randn(size, generator=seeded(seed)).view(torch.int32).tolist()
    return {"seed": seed, "size": size, "bits": bits}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=Path, required=True)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    assert torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512"), "other CPUs draw other bits"
    content = {
        "torch": torch.__version__.split("+")[0],
        "vectors": [vector(seed, size) for seed, size in ((0, 5), (42, 16), (42, 21), (-1, 3), (2**53 - 1, 18))],
        "sequences": [
            sequence(1, [1, 1, 3, 16, 2, 5, 17, 4, 784, 7, 31]),
            sequence(2**32 + 5, list(range(1, 200))),
            sequence(-(2**63), [784] * 50),
            sequence(2**63 - 1, [15, 16384, 1, 16384, 15, 999]),
        ],
        "ranges": [
            range_of(3, 1, 1500),
            range_of(4, 1500, LARGEST, 1777),
            range_of(5, LARGEST - 15, LARGEST),
            *zeros(4),
        ],
        "every": [range_of(6 + first, first, first + 999) for first in range(1, LARGEST, 1000)],
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    parts = ['"' + name + '":[\n' + ",\n".join(map(compact, content[name])) + "\n]" for name in KINDS]
    options.out.write_text('{"torch":' + compact(content["torch"]) + ",\n" + ",\n".join(parts) + "}\n")


if __name__ == "__main__":
    main()
