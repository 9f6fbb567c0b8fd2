"""Picks the defaults of the `fashion` bundle: samples through the reference samplers and judges the pictures.

Reads a bundle folder (denoiser.pt and evaluation/classifier.pt), so it judges exactly the files that ship.
"""

import argparse
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from models.train import evaluation, idx, sampling
from models.train.fashion import CLASSES, NULL_CLASS, process

SAMPLERS = {"ddim": sampling.ddim, "dpmpp-2m": sampling.dpmpp_2m}


@torch.inference_mode()
def pictures(denoiser, sampler: str, steps: int, weight: float, classes: Tensor, seed: int, rows: int = 16) -> Tensor:
    """One picture in [-1, 1] for each class index: [N, 1, 28, 28]."""
    start = torch.randn(len(classes), 1, 28, 28, generator=torch.Generator().manual_seed(seed))
    schedule = process()
    finished = []
    for x, wanted in zip(start.split(rows), classes.split(rows)):
        denoise = sampling.guided_velocity(denoiser, schedule, wanted, NULL_CLASS, weight)
        finished.append(SAMPLERS[sampler](x, denoise, schedule, steps))
    return _as_bytes_would(torch.cat(finished))


def grid(pictures: Tensor, columns: int, path: Path, zoom: int = 2) -> None:
    """Writes pictures [N, 1, H, W] in [-1, 1], row by row, as one PNG."""
    count, _, height, width = pictures.shape
    rows = pictures.view(count // columns, columns, height, width)
    sheet = ((rows.permute(0, 2, 1, 3).reshape(-1, columns * width) + 1) * 127.5).round().clamp(0, 255).byte()
    image = Image.fromarray(sheet.numpy())
    image.resize((image.width * zoom, image.height * zoom), Image.Resampling.NEAREST).save(path)


def _as_bytes_would(x: Tensor) -> Tensor:
    # A user gets 8-bit pictures: judge what survives the rounding.
    return idx.scaled(((x + 1) * 127.5).round().clamp(0, 255).byte())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=idx.DEBIAN_FASHION_MNIST)
    arguments.add_argument("--bundle", type=Path, required=True)
    arguments.add_argument("--runs", nargs="+", default=["dpmpp-2m:25:2.0"], metavar="SAMPLER:STEPS:GUIDANCE")
    arguments.add_argument("--each", type=int, default=100, help="pictures of each class")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--grids", type=Path, help="folder for one 8-column sample sheet a run")
    arguments.add_argument("--threads", type=int, default=1)
    options = arguments.parse_args()

    torch.set_num_threads(options.threads)
    denoiser = torch.jit.load(options.bundle / "denoiser.pt").eval()
    classifier = torch.jit.load(options.bundle / "evaluation" / "classifier.pt").eval()
    test, labels = idx.images(options.data, "t10k"), idx.labels(options.data, "t10k")
    held_out, _ = evaluation.balanced(test, labels, 100)
    held_out = idx.scaled(held_out)
    others, asked_of_others = evaluation.balanced(test.flip(0), labels.flip(0), 100)
    print("other test pictures:", evaluation.judge(classifier, idx.scaled(others), asked_of_others, held_out).line())

    asked = torch.arange(len(CLASSES)).repeat_interleave(options.each)
    for run in options.runs:
        sampler, steps, weight = run.split(":")
        made = pictures(denoiser, sampler, int(steps), float(weight), asked, options.seed)
        print(f"{run}:", evaluation.judge(classifier, made, asked, held_out).line(), flush=True)
        if options.grids:
            options.grids.mkdir(parents=True, exist_ok=True)
            sheet = made.view(len(CLASSES), options.each, 1, 28, 28)[:, :8].flatten(0, 1)
            grid(sheet, 8, options.grids / f"{run.replace(':', '-')}.png")
    sneaker = made[asked == CLASSES.index("sneaker")][:1].repeat(len(asked), 1, 1, 1)
    print("control, one sneaker repeated:", evaluation.judge(classifier, sneaker, asked, held_out).line())


if __name__ == "__main__":
    main()
