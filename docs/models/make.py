"""Makes the gallery pictures of this folder through the API of a running Safelight: rows of jobs, one picture a sheet.

    ./safelight up &
    python3 docs/models/make.py --url http://127.0.0.1:8080 [NAME ...]
"""

import argparse
import base64
import gzip
import io
import json
import urllib.parse
import urllib.request
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw

HERE = Path(__file__).parent
GARMENTS = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot"]
KNOWN = ["red apple", "grinning face"], ["fox", "birthday cake"], ["sailboat", "blue heart"], ["police car", "cactus"]
# Of the names that emoji never learned from, those a reader knows how to judge.
HELD_OUT = ["woman astronaut", "smiling face with sunglasses", "white heart", "oncoming taxi", "panda", "trophy"]
FEW = ["t-shirt", "dress", "coat", "sandal", "bag", "ankle-boot"]


def garment(place: int, data: Path) -> str:
    """A test picture as a data URL."""
    raw = gzip.decompress((data / "t10k-images-idx3-ubyte.gz").read_bytes())
    whole = io.BytesIO()
    Image.frombytes("L", (28, 28), raw[16 + 784 * place :][:784]).save(whole, "PNG")
    return "data:image/png;base64," + base64.b64encode(whole.getvalue()).decode()


def disc(*color: int) -> str:
    """A disc on white as a data URL."""
    picture = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(picture).ellipse((4, 4, 60, 60), fill=color)
    whole = io.BytesIO()
    picture.save(whole, "PNG")
    return "data:image/png;base64," + base64.b64encode(whole.getvalue()).decode()


Row = list[tuple[str, dict]]
"""(model, input) of each job whose images stand side by side."""


def sheets(data: Path) -> dict[str, list[Row]]:
    """Name of a picture -> its rows; a job has eight images or as many as it says."""

    def classes(model: str, names: list[str] = FEW, **settings) -> list[Row]:
        return [[(model, {"class": name, "seed": 100, "count": 8, **settings})] for name in names]

    def restored(model: str, **settings) -> list[Row]:
        """Test pictures: one restoration each from ever more degradation."""
        return [
            [
                (model, {"image": garment(place, data), "count": 1, "seed": 5, "strength": strength, **settings})
                for strength in (0, 0.25, 0.5, 0.75, 0.95, 1)
            ]
            for place in (0, 2, 12, 18)
        ]

    def refinements(model: str) -> list[Row]:
        """Four codes, each refined eight times; then eight codes under one noise, twice."""
        asked = {"class": "ankle-boot", "seed": 100}
        codes = [[(model, {**asked, "prior_seed": code, "count": 8})] for code in range(4)]
        noises = [
            [(model, {**asked, "seed": seed, "prior_seed": code, "count": 1}) for code in range(8)] for seed in (100, 200)
        ]
        return codes + noises

    def prompts(*rows: list[str], **settings) -> list[Row]:
        """Four seeds of each prompt."""
        return [[("emoji", {"prompt": text, "seed": 100, "count": 4, **settings}) for text in row] for row in rows]

    analytic = {"sampler": "analytic-ddpm", "steps": 10, "guidance": 1}
    colors = [{"red": 1 - share, "blue": share} for share in (0, 0.25, 0.5, 0.75, 1)]
    return {
        "fashion-analytic-ddpm": classes("fashion", **analytic),
        "fashion-dp": classes("fashion", sampler="dp", steps=25, guidance=1),
        "fashion-prior": classes("fashion", GARMENTS, sampler="ddim", steps=50, guidance=1, start="prior"),
        "fashion-guide": classes("fashion", GARMENTS, sampler="ddim", steps=25, guidance=0, classifier_guidance=1),
        "fashion-vp": classes("fashion-vp", sampler="pf-ode", steps=25),
        "fashion-sub-vp": classes("fashion-sub-vp", sampler="pf-ode", steps=25),
        "score-pc": classes("score", sampler="sde-pc", steps=100),
        "score-langevin": classes("score", sampler="annealed-langevin", steps=120, langevin_size=0.15),
        "score-ode": classes("score", sampler="pf-ode", steps=30),
        "gamma": classes("gamma", GARMENTS),
        "mixture": classes("mixture", GARMENTS),
        "cold-blur": classes("cold-blur", GARMENTS),
        "cold-blur-restored": restored("cold-blur"),
        "cold-pixelate": classes("cold-pixelate", GARMENTS),
        "cold-pixelate-restored": restored("cold-pixelate"),
        "cold-fade": classes("cold-fade", GARMENTS),
        "cold-fade-restored": restored("cold-fade"),
        "refined": refinements("refined"),
        "refined-residual": refinements("refined-residual"),
        "emoji": prompts(*KNOWN),
        "emoji-3d": prompts(*([f"{name}, 3d" for name in row] for row in KNOWN)),
        "emoji-new": prompts(
            ["a green heart with eyes"], ["purple apple"], ["a crying cat"], ["sleepy robot"], ["house in the snow"]
        ),
        "emoji-unseen": prompts(*([name] for name in HELD_OUT)),
        "emoji-changed": prompts(["angry face"], ["pizza"], ["soccer ball"], image=disc(255, 204, 50), strength=0.75),
        "factors": [
            [("factors", {"factors": {"garment": name, "color": color, "place": place}, "seed": 3, "count": 8})]
            for name, color, place in [
                ("t-shirt", "red", "top-left"),
                ("bag", "green", "middle"),
                ("dress", "yellow", "bottom-right"),
                ("sneaker", "cyan", "bottom-left"),
                ("coat", "magenta", "top-right"),
            ]
        ],
        "factors-mixed": [
            [("factors", {"factors": {"garment": "trouser", "color": color, "place": "middle"}, "seed": 3, "count": 8})]
            for color in colors
        ],
        "factors-left-open": [
            [("factors", {"factors": said, "seed": 3, "count": 8})]
            for said in ({"garment": "bag"}, {"color": "green"}, {"place": "top-right"})
        ],
    }


def call(url: str, content: dict | None = None) -> dict:
    body = None if content is None else json.dumps(content).encode()
    # A job that is asked for is to be over when the reply comes.
    headers = {"Prefer": "wait=30"} if body is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def pictures(url: str, jobs: list[dict]) -> list[list[Image.Image]]:
    """Waits for all of the jobs; what each made."""
    rows = []
    for job in jobs:
        while job["state"] in ("queued", "running"):
            job = call(f"{url}/v1/jobs/{job['id']}")
        if job["state"] != "succeeded":
            raise SystemExit(f"{job['model']}: {job.get('error')}")
        row = []
        for output in job["outputs"]:
            with urllib.request.urlopen(urllib.parse.urljoin(url, output["url"])) as reply:
                row.append(Image.open(io.BytesIO(reply.read())).convert("RGB"))
        rows.append(row)
    return rows


def sheet(rows: list[list[Image.Image]], path: Path) -> None:
    side = rows[0][0].width
    zoom = 2 if side <= 32 else 1
    whole = Image.new("RGB", (side * max(map(len, rows)), side * len(rows)))
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            whole.paste(picture, (side * j, side * i))
    # Grey pictures take half the room as such.
    if all(low == high for low, high in ImageChops.difference(whole, whole.convert("L").convert("RGB")).getextrema()):
        whole = whole.convert("L")
    whole.resize((whole.width * zoom, whole.height * zoom), Image.Resampling.NEAREST).save(path, optimize=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--url", default="http://127.0.0.1:8080")
    arguments.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    arguments.add_argument("names", nargs="*", help="pictures to make (default: all)")
    options = arguments.parse_args()
    for name, rows in sheets(options.data).items():
        if options.names and name not in options.names:
            continue
        jobs = [
            call(f"{options.url}/v1/jobs", {"model": model, "input": content}) for row in rows for model, content in row
        ]
        made = iter(pictures(options.url, jobs))
        sheet([[picture for _ in row for picture in next(made)] for row in rows], HERE / f"{name}.png")
        print(name, flush=True)


if __name__ == "__main__":
    main()
