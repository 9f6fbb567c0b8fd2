"""Adds low-rank changes (LoRA, Hu et al. 2021) to the weights of a network: W + weight · alpha/rank · up · down.

Merged, they are part of the weights. Switchable, they stay beside them, and every row of a call says how much of each it wants:
x W + r(row) * (x down) up, with `down` and `up` of all of them as one pair, so that unlike rows share a call.

Reads the names of `diffusers`/PEFT (`unet.….to_q.lora_A.weight`) and those of the older trainers (`lora_unet_…_to_q.lora_down.weight`).
"""

import re
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from models.export.checkpoint import PICKLES, Refused

NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
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
            for change in self.of(path, module, plain, flat):
                self._add(module, *change)

    def of(self, path: str, module: nn.Module, plain: list[str], flat: list[str]) -> list[tuple[Tensor, Tensor, float]]:
        """What changes a module; it counts as used."""
        if not isinstance(module, nn.Linear | nn.Conv2d):
            return []
        names = [f"{front}.{path}" for front in plain] + [f"{front}_{path.replace('.', '_')}" for front in flat]
        found = [name for name in names if name in self.found]
        self.used.update(found)
        return [self.found[name] for name in found]

    @torch.no_grad()
    def _add(self, module: nn.Module, down: Tensor, up: Tensor, scale: float) -> None:
        change = (up.flatten(1) @ down.flatten(1)).reshape(module.weight.shape) * (scale * self.weight)
        module.weight.copy_((module.weight.float() + change).to(module.weight.dtype))

    def finish(self) -> None:
        """@raise Refused when something found no place: half a LoRA draws something else"""
        left = sorted(self.found.keys() - self.used)
        if left:
            raise Refused(f"{self.file}: {len(left)} of {len(self.found)} changes fit nothing here, for example {left[0]}")


class Wanted:
    """How much of each LoRA the rows of the call under way want: [B, L]."""

    rows: Tensor


class Changed(nn.Module):
    """A linear layer or convolution, and what several LoRAs change of it."""

    def __init__(self, module: nn.Module, changes: list[tuple[int, Tensor, Tensor, float]], count: int, wanted: Wanted):
        """`changes`: index of the LoRA among `count`, down, up and scale of each."""
        super().__init__()
        self.module, self.wanted, self.window = module, wanted, isinstance(module, nn.Conv2d)
        kind = module.weight.dtype
        ranks = [down.shape[0] for _, down, _, _ in changes]
        spread = torch.zeros(count, sum(ranks))
        for (index, _, _, _), rank, start in zip(changes, ranks, [sum(ranks[:i]) for i in range(len(ranks))]):
            spread[index, start : start + rank] = 1
        self.register_buffer("down", torch.cat([down for _, down, _, _ in changes]).to(kind))
        self.register_buffer("up", torch.cat([up * scale for _, _, up, scale in changes], dim=1).to(kind))
        self.register_buffer("spread", spread.to(kind))

    def forward(self, x: Tensor) -> Tensor:
        share = self.wanted.rows.to(x.dtype) @ self.spread
        if self.window:
            layer = self.module
            low = nn.functional.conv2d(x, self.down, None, layer.stride, layer.padding, layer.dilation)
            return layer(x) + nn.functional.conv2d(low * share[:, :, None, None], self.up)
        low = nn.functional.linear(x, self.down)
        return self.module(x) + nn.functional.linear(low * share.view(share.shape[0], *[1] * (x.dim() - 2), -1), self.up)

    def __getattr__(self, name: str):
        """Networks ask their layers for `weight` and the like."""
        if name in ("weight", "bias", "in_features", "out_features", "in_channels", "out_channels"):
            return getattr(self.module, name)
        return super().__getattr__(name)


class Switched(nn.Module):
    """A network of a bundle that takes `loras` [B, L] as its last input."""

    def __init__(self, network: nn.Module, wanted: Wanted):
        super().__init__()
        self.network, self.wanted = network, wanted

    def forward(self, *inputs: Tensor) -> Tensor:
        self.wanted.rows = inputs[-1]
        return self.network(*inputs[:-1])


class Switchable:
    """LoRAs that requests choose from."""

    def __init__(self, words: list[str]):
        """`name=file` each."""
        self.names: list[str] = []
        self.changes: list[Changes] = []
        self.wanted = Wanted()
        for word in words:
            name, _, file = word.partition("=")
            if not file or not NAME.fullmatch(name):
                raise Refused(f"{word!r} is no NAME=FILE; a name has lower case letters, digits, dots and dashes")
            if name in self.names:
                raise Refused(f"two LoRAs are called {name}")
            self.names.append(name)
            self.changes.append(Changes(Path(file), 1.0))

    def put_into(self, network: nn.Module, plain: list[str], flat: list[str]) -> None:
        """As `Changes.merge`, beside the weights."""
        for path, module in list(network.named_modules()):
            changes = [
                (index, *change) for index, one in enumerate(self.changes) for change in one.of(path, module, plain, flat)
            ]
            if changes:
                if isinstance(module, nn.Conv2d) and (module.groups != 1 or module.padding_mode != "zeros"):
                    raise Refused(f"{path} is a convolution that cannot be changed by a switchable LoRA")
                front, _, name = path.rpartition(".")
                setattr(network.get_submodule(front), name, Changed(module, changes, len(self.names), self.wanted))

    def around(self, network: nn.Module) -> nn.Module:
        """The network itself where nothing of it is changed."""
        changed = any(isinstance(module, Changed) for module in network.modules())
        return Switched(network, self.wanted) if changed else network


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
