"""Makes the `emoji` data set of three unpacked npm packages: pictures on white, and what each of them shows, in words.

    pictures.npy    uint8 [N, 3, 64, 64]
    captions.json   for each subject: its name, its other words, whether it is held out, and its pictures by skin tone

A subject is an emoji whatever its skin tone; the tone is one more word of its caption. People of two tones are left out.
"""

import argparse
import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy
from PIL import Image

SIDE = 64
TONES = ["light", "medium-light", "medium", "medium-dark", "dark"]
HELD_OUT = 0.1


@dataclass(frozen=True)
class Subject:
    name: str
    words: list[str]
    held_out: bool
    pictures: dict[str, int]
    """Tone ("" for none) -> place in `pictures.npy`."""


def held_out(name: str) -> bool:
    """A tenth of the names, the same ones whatever else the data holds."""
    return int.from_bytes(hashlib.sha256(f"emoji/{name}".encode()).digest()[:4], "big") < HELD_OUT * 2**32


def on_white(file: Path) -> numpy.ndarray:
    picture = Image.open(file).convert("RGBA")
    white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    # Some packages round a pixel up or down.
    whole = Image.alpha_composite(white, picture).convert("RGB").resize((SIDE, SIDE), Image.LANCZOS)
    return numpy.asarray(whole).transpose(2, 0, 1)


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"[^\w’'&+-]", " ", text.lower())).strip()


def read(pictures: Path, captions: Path) -> tuple[list[Subject], numpy.ndarray]:
    """`pictures` is the unpacked `emoji-datasource-google`, `captions` the unpacked `emojibase-data`."""
    said = {}
    for entry in json.loads((captions / "en" / "data.json").read_text()):
        said[bare(entry["hexcode"])] = entry
    subjects, rows = [], []

    def row(variant: dict) -> int:
        rows.append(on_white(pictures / "img" / "google" / "64" / variant["image"]))
        return len(rows) - 1

    for entry in json.loads((pictures / "emoji.json").read_text()):
        words = said.get(bare(entry["unified"]))
        if words is None or not entry["has_img_google"]:
            continue
        tones = {"": row(entry)}
        for code, variant in entry.get("skin_variations", {}).items():
            if "-" not in code and variant["has_img_google"]:
                tones[TONES[int(code, 16) - 0x1F3FB]] = row(variant)
        name = plain(words["label"])
        others = [word for word in dict.fromkeys(map(plain, words.get("tags", []))) if word and word != name]
        subjects.append(Subject(name, others, held_out(name), tones))
    return subjects, numpy.stack(rows)


def bare(code: str) -> str:
    """Without the marks that ask for colour, which the packages set differently."""
    return "-".join(part for part in code.upper().split("-") if part != "FE0F")


def load(folder: Path) -> tuple[list[Subject], numpy.ndarray]:
    subjects = [Subject(**entry) for entry in json.loads((folder / "captions.json").read_text())]
    return subjects, numpy.load(folder / "pictures.npy")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--pictures", type=Path, required=True, help="unpacked npm package emoji-datasource-google")
    arguments.add_argument("--captions", type=Path, required=True, help="unpacked npm package emojibase-data")
    arguments.add_argument("--out", type=Path, required=True)
    options = arguments.parse_args()
    subjects, pictures = read(options.pictures, options.captions)
    options.out.mkdir(parents=True, exist_ok=True)
    numpy.save(options.out / "pictures.npy", pictures)
    (options.out / "captions.json").write_text(json.dumps([asdict(subject) for subject in subjects]))
    unseen = sum(subject.held_out for subject in subjects)
    print(f"{len(subjects)} subjects, {unseen} of them held out, {len(pictures)} pictures")


if __name__ == "__main__":
    main()
