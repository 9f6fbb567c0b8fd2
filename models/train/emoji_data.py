"""Makes the `emoji` data set of three unpacked npm packages: pictures on white, in two styles, and what each shows, in words.

    pictures.npy    uint8 [N, 3, 64, 64]
    captions.json   for each subject: its name, its other words, whether it is held out, its pictures by style and skin tone

A subject is an emoji whatever its style and skin tone; these are words more of its caption. People of two tones are left out.
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
FLAT, SOLID = "flat", "3d"
"""The styles, as a caption calls them; flat is what is drawn where none is named."""
HELD_OUT = 0.1


@dataclass(frozen=True)
class Subject:
    name: str
    words: list[str]
    held_out: bool
    pictures: dict[str, dict[str, int]]
    """Style -> tone ("" for none) -> place in `pictures.npy`. Some subjects have no solid pictures."""

    def places(self) -> list[int]:
        return [place for tones in self.pictures.values() for place in tones.values()]


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


def read(pictures: Path, captions: Path, solid: Path) -> tuple[list[Subject], numpy.ndarray]:
    """The unpacked `emoji-datasource-google`, `emojibase-data` and `@lobehub/fluent-emoji-3d`."""
    said = {}
    for entry in json.loads((captions / "en" / "data.json").read_text()):
        said[bare(entry["hexcode"])] = entry
    subjects, rows = [], []
    files = {bare(file.stem): file for file in (solid / "assets").glob("*.webp")}

    def row(file: Path) -> int:
        rows.append(on_white(file))
        return len(rows) - 1

    def flat(variant: dict) -> Path:
        return pictures / "img" / "google" / "64" / variant["image"]

    for entry in json.loads((pictures / "emoji.json").read_text()):
        words = said.get(bare(entry["unified"]))
        if words is None or not entry["has_img_google"]:
            continue
        variants = {"": entry}
        for code, variant in entry.get("skin_variations", {}).items():
            if "-" not in code and variant["has_img_google"]:
                variants[TONES[int(code, 16) - 0x1F3FB]] = variant
        styles = {FLAT: {tone: row(flat(variant)) for tone, variant in variants.items()}}
        found = {tone: files.get(bare(variant["unified"])) for tone, variant in variants.items()}
        if found[""] is not None:
            styles[SOLID] = {tone: row(file) for tone, file in found.items() if file is not None}
        name = plain(words["label"])
        others = [word for word in dict.fromkeys(map(plain, words.get("tags", []))) if word and word != name]
        subjects.append(Subject(name, others, held_out(name), styles))
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
    arguments.add_argument("--solid", type=Path, required=True, help="unpacked npm package @lobehub/fluent-emoji-3d")
    arguments.add_argument("--out", type=Path, required=True)
    options = arguments.parse_args()
    subjects, pictures = read(options.pictures, options.captions, options.solid)
    options.out.mkdir(parents=True, exist_ok=True)
    numpy.save(options.out / "pictures.npy", pictures)
    (options.out / "captions.json").write_text(json.dumps([asdict(subject) for subject in subjects]))
    unseen = sum(subject.held_out for subject in subjects)
    both = sum(SOLID in subject.pictures for subject in subjects)
    print(f"{len(subjects)} subjects, {unseen} held out, {both} in both styles, {len(pictures)} pictures")


if __name__ == "__main__":
    main()
