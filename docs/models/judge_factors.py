"""Judges the pictures of `factors`, made through the API of a running Safelight: is every factor what was asked for?

    ./safelight up &
    PYTHONPATH=. python docs/models/judge_factors.py --url http://127.0.0.1:8080

Place and colour can be measured: the place is the window that holds most light, the colour the known one whose direction is
nearest to the light's. The garment is what the classifier of `fashion` sees in that window. The same is done to real pictures
on such canvases, which says how far to trust the judge. Intervals are those of 95 % over the seeds, by Student's law.
Environment: models/train/requirements.txt, and SciPy and Pillow of requirements.txt beside it.
"""

import argparse
from pathlib import Path

import numpy
import torch
from make import call, pictures
from quality import interval
from torch import Tensor
from torch.nn import functional

from models.train import idx
from models.train.factors import COLORS, PLACES, SMALL, canvas
from models.train.fashion import CLASSES

ASKED = [(garment, color, place) for garment in CLASSES for color in COLORS for place in PLACES]
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
EACH = 16
"""Pictures of every mixture."""


def windows(light: Tensor) -> Tensor:
    """Of canvases [B, 3, 32, 32] in [0, 1], what each place shows: [B, places, 3, 18, 18]."""
    return torch.stack([light[:, :, r : r + SMALL, c : c + SMALL] for r, c in PLACES.values()], dim=1)


def seen(light: Tensor, classifier) -> tuple[Tensor, Tensor, Tensor]:
    """Indices of garment, colour and place that canvases [B, 3, 32, 32] in [0, 1] show."""
    shown = windows(light)
    place = shown.sum(dim=(2, 3, 4)).argmax(dim=1)
    window = shown[torch.arange(len(light)), place]
    known = functional.normalize(torch.tensor(list(COLORS.values())), dim=1)
    color = (functional.normalize(window.sum(dim=(2, 3)), dim=1) @ known.T).argmax(dim=1)
    # Of every known colour the strongest channel is 1, so it is the garment in grey.
    grey = functional.interpolate(window.amax(dim=1, keepdim=True), size=(28, 28), mode="bilinear", antialias=True)
    with torch.inference_mode():
        logits, _ = classifier(grey * 2 - 1)
    return logits.argmax(dim=1), color, place


def shares(seen: tuple[Tensor, Tensor, Tensor], asked: tuple[Tensor, Tensor, Tensor]) -> list[float]:
    """How often each factor is right, and all of them are."""
    right = torch.stack([s == a for s, a in zip(seen, asked)])
    return [row.double().mean().item() for row in (*right, right.all(dim=0))]


def made(url: str, inputs: list[dict]) -> Tensor:
    jobs = [call(f"{url}/v1/jobs", {"model": "factors", "input": content}) for content in inputs]
    images = [numpy.asarray(picture) for row in pictures(url, jobs) for picture in row]
    return torch.from_numpy(numpy.stack(images)).permute(0, 3, 1, 2).float() / 255


def mixed(url: str, seed: int) -> list[float]:
    """What share of blue is seen where red and blue are asked for in shares."""
    asked = [
        {
            "factors": {"garment": "trouser", "color": {"red": 1 - share, "blue": share}, "place": "middle"},
            "seed": seed,
            "count": EACH,
        }
        for share in SHARES
    ]
    light = made(url, asked).view(len(SHARES), EACH, 3, -1).sum(dim=(1, 3))
    red_and_blue = torch.tensor([COLORS["red"], COLORS["blue"]]).T
    parts = torch.linalg.lstsq(red_and_blue, light.T).solution
    return (parts[1] / parts.sum(dim=0)).tolist()


def line(name: str, columns: list[list[float]]) -> None:
    cells = []
    for values in columns:
        mean, half = interval(values)
        cells.append(f"{mean:.3f}" + ("" if half == float("inf") else f" ± {half:.3f}"))
    print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--url", default="http://127.0.0.1:8080")
    arguments.add_argument("--data", type=Path, default=idx.DEBIAN_FASHION_MNIST)
    arguments.add_argument("--judge", type=Path, default=Path("models/fashion"))
    arguments.add_argument("--seeds", type=int, default=3)
    options = arguments.parse_args()
    classifier = torch.jit.load(options.judge / "evaluation" / "classifier.pt").eval()
    asked = tuple(
        torch.tensor(indices)
        for indices in zip(
            *((CLASSES.index(g), list(COLORS).index(c), list(PLACES).index(p)) for g, c, p in ASKED), strict=True
        )
    )

    images, labels = idx.images(options.data, "t10k"), idx.labels(options.data, "t10k")
    of_class = [torch.nonzero(labels == c).flatten() for c in range(len(CLASSES))]
    real = torch.stack([images[of_class[g][i % len(of_class[g])]] for i, g in enumerate(asked[0].tolist())])
    colors = functional.one_hot(asked[1], len(COLORS)).float()
    ceiling = shares(seen((canvas(real, colors, asked[2]) + 1) / 2, classifier), asked)

    print("| | garment | colour | place | all three |\n|---|---|---|---|---|")
    line("real pictures on such canvases", [[value] for value in ceiling])
    rows = []
    for seed in range(options.seeds):
        inputs = [
            {"factors": {"garment": g, "color": c, "place": p}, "seed": 1000 * seed + i, "count": 1}
            for i, (g, c, p) in enumerate(ASKED)
        ]
        rows.append(shares(seen(made(options.url, inputs), classifier), asked))
    line("`factors`", [list(column) for column in zip(*rows)])

    print("\n| share of blue asked for | " + " | ".join(map(str, SHARES)) + " |")
    print("|---" * (1 + len(SHARES)) + "|")
    line("seen", [list(column) for column in zip(*(mixed(options.url, 1000 * seed) for seed in range(options.seeds)))])


if __name__ == "__main__":
    main()
