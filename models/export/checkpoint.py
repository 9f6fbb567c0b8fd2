"""Reads a checkpoint folder in the layout of the Python package `diffusers`."""

import json
from pathlib import Path

from safetensors import safe_open

# Reading one of these runs whatever program its author put into it.
PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl"}
PAPERS = ("license*", "licence*", "notice*", "use_policy*", "readme.md")


class Refused(Exception):
    """The folder cannot be imported; the message says why, to whoever typed the command."""


class Checkpoint:
    """A folder with `model_index.json` and a folder for each part."""

    def __init__(self, folder: Path):
        self.folder = folder
        if folder.is_file():
            raise Refused(_single(folder))
        index = folder / "model_index.json"
        if not index.is_file():
            raise Refused(f"{folder} has no model_index.json: it is no checkpoint folder in the layout of diffusers")
        self.index = json.loads(index.read_text())
        self.pipeline = self.index["_class_name"]

    def has(self, part: str) -> bool:
        return self.index.get(part, [None, None])[1] is not None

    def part(self, name: str) -> Path:
        if not self.has(name):
            raise Refused(f"{self.folder} has no {name}, which a {self.pipeline} needs")
        return self.folder / name

    def weights(self, name: str) -> Path:
        """The folder of a network, whose weights were looked at and are safetensors."""
        folder = self.part(name)
        if not any(folder.glob("*.safetensors")):
            pickles = sorted(file.name for file in folder.glob("*") if file.suffix in PICKLES)
            if pickles:
                raise Refused(_pickle(folder / pickles[0]))
            raise Refused(f"{folder} has no weights (*.safetensors)")
        for file in sorted(folder.glob("*.safetensors")):
            try:
                with safe_open(file, "pt") as opened:
                    opened.keys()
            except Exception as problem:
                raise Refused(f"{file} is no whole safetensors file: {problem}") from problem
        return folder

    def config(self, name: str) -> dict:
        return json.loads((self.part(name) / "config.json").read_text())

    def scheduler(self) -> dict:
        return json.loads((self.part("scheduler") / "scheduler_config.json").read_text())

    def papers(self) -> list[Path]:
        """Licence and model card."""
        return sorted(
            file for file in self.folder.iterdir() if any(_matches(file, pattern) for pattern in PAPERS)
        )

    def licence(self) -> str:
        """As the head of the model card names it."""
        card = next((file for file in self.folder.iterdir() if file.name.lower() == "readme.md"), None)
        if card is not None:
            lines = card.read_text(errors="replace").splitlines()
            if lines and lines[0].strip() == "---":
                for line in lines[1:]:
                    if line.strip() == "---":
                        break
                    if line.startswith("license:"):
                        return line.removeprefix("license:").strip()
        return "unknown: the checkpoint's model card names none"


def _matches(file: Path, pattern: str) -> bool:
    return file.is_file() and Path(file.name.lower()).match(pattern)


def _pickle(file: Path) -> str:
    return (
        f"{file} is a pickle, and reading a pickle runs whatever program its author put into it. "
        "Only safetensors are imported: download the checkpoint's *.safetensors, or convert it where a harmful file can do no harm"
    )


def _single(file: Path) -> str:
    if file.suffix in PICKLES:
        return _pickle(file)
    return f"{file} is a single file; give the folder that has model_index.json"
