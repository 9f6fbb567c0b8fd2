"""Adds low-rank changes (LoRA, Hu et al. 2021) to the weights of a network: W + weight · alpha/rank · up · down.

Reads the names of `diffusers`/PEFT (`unet.….to_q.lora_A.weight`) and those of the older trainers (`lora_unet_…_to_q.lora_down.weight`).
"""

import re
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from models.export.checkpoint import PICKLES, Refused

DOWN = re.compile(r"^(?P<name>.*?)[._](?:lora_A|lora_down|lora\.down|lora_linear_layer\.down)(?:\.default)?\.weight$")
PAIRS = {"lora_A": "lora_B", "lora_down": "lora_up", "lora.down": "lora.up", "linear_layer.down": "linear_layer.up"}


class Changes:
    """The changes of one file, by the name of what they change."""

    def __init__(self, file: Path, weight: float):
        if file.suffix in PICKLES:
            raise Refused(f"{file} is a pickle, which runs whatever it likes when it is read; only safetensors are merged")
        if not file.is_file():
            raise Refused(f"{file} is not there")
        self.file, self.weight = file, weight
        tensors = load_file(file)
        self.found: dict[str, tuple[Tensor, Tensor, float]] = {}
        self.used: set[str] = set()
        for key, down in tensors.items():
            match = DOWN.match(key)
            if match is None:
                continue
            up = tensors[self._up(key)]
            name = match["name"]
            alpha = next((tensors[k] for k in (f"{name}.alpha", f"{name}.lora_A.alpha") if k in tensors), None)
            scale = (float(alpha) if alpha is not None else down.shape[0]) / down.shape[0]
            self.found[name] = (down.float(), up.float(), scale)
        if not self.found:
            raise Refused(f"{file} holds no LoRA that is known here")

    @staticmethod
    def _up(key: str) -> str:
        for down, up in PAIRS.items():
            if down in key:
                return key.replace(down, up)
        raise Refused(f"no second matrix for {key}")

    def merge(self, network: nn.Module, plain: list[str], flat: list[str]) -> None:
        """`plain` and `flat`: what the two kinds of trainers put before a module's name."""
        for path, module in network.named_modules():
            if not isinstance(module, nn.Linear | nn.Conv2d):
                continue
            names = [f"{front}.{path}" for front in plain] + [f"{front}_{path.replace('.', '_')}" for front in flat]
            for name in names:
                if name in self.found:
                    self._add(module, *self.found[name])
                    self.used.add(name)

    @torch.no_grad()
    def _add(self, module: nn.Module, down: Tensor, up: Tensor, scale: float) -> None:
        change = (up.flatten(1) @ down.flatten(1)).reshape(module.weight.shape) * (scale * self.weight)
        module.weight.copy_((module.weight.float() + change).to(module.weight.dtype))

    def finish(self) -> None:
        """@raise Refused when something found no place: half a LoRA draws something else"""
        left = sorted(self.found.keys() - self.used)
        if left:
            raise Refused(f"{self.file}: {len(left)} of {len(self.found)} changes fit nothing here, for example {left[0]}")


def parse(words: list[str]) -> list[Changes]:
    """`file` or `file:weight`."""
    changes = []
    for word in words:
        name, _, weight = word.rpartition(":")
        if name and re.fullmatch(r"-?\d+(\.\d+)?", weight):
            changes.append(Changes(Path(name), float(weight)))
        else:
            changes.append(Changes(Path(word), 1.0))
    return changes
