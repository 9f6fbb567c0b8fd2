"""Writes the bundles of exactly known networks that the Java tests run: what each answers can be written down in a line.

    python -m models.export.test_bundles --out worker/src/test/resources/families
"""

import argparse
import hashlib
import io
import json
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn

STEPS = 1000
SIZE = 8


def alpha_bar() -> Tensor:
    """Of the linear schedule 1e-4 to 0.02."""
    return torch.cumprod(1 - torch.linspace(1e-4, 0.02, STEPS, dtype=torch.float64), 0)


class Levels(nn.Module):
    """a and s of 0-based training indices, shaped to multiply pictures."""

    def __init__(self):
        super().__init__()
        self.register_buffer("signal", alpha_bar().sqrt().float())
        self.register_buffer("noise", (1 - alpha_bar()).sqrt().float())

    def forward(self, t: Tensor) -> tuple[Tensor, Tensor]:
        index = t.long()
        return self.signal[index].view(-1, 1, 1, 1), self.noise[index].view(-1, 1, 1, 1)


class Peaks(nn.Module):
    """Noise estimate for data whose numbers are independent, N(-1.5, 0.2) in class 0 and N(1, 0.35) in class 1.

    Class 2 is no class: the mixture of both with weights 0.3 and 0.7.
    """

    def __init__(self):
        super().__init__()
        self.levels = Levels()
        self.register_buffer("mean", torch.tensor([-1.5, 1.0]))
        self.register_buffer("variance", torch.tensor([0.04, 0.1225]))
        self.register_buffer("weight", torch.tensor([0.3, 0.7]))

    def logarithms(self, x: Tensor, t: Tensor) -> Tensor:
        """ln of weight and density of each peak for each number: [B, 1, H, W, 2]."""
        a, s = self.levels(t)
        spread = (a * a).unsqueeze(4) * self.variance + (s * s).unsqueeze(4)
        offset = x.unsqueeze(4) - a.unsqueeze(4) * self.mean
        return self.weight.log() - offset * offset / (2 * spread) - spread.log() / 2

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        a, s = self.levels(t)
        share = torch.softmax(self.logarithms(x, t), dim=4)
        only = torch.stack([condition == 0, condition == 1], dim=1).float().view(-1, 1, 1, 1, 2)
        none = (condition == 2).float().view(-1, 1, 1, 1, 1)
        share = none * share + (1 - none) * only
        spread = (a * a).unsqueeze(4) * self.variance + (s * s).unsqueeze(4)
        offset = x.unsqueeze(4) - a.unsqueeze(4) * self.mean
        clean = (share * (self.mean + a.unsqueeze(4) * self.variance / spread * offset)).sum(4)
        return (x - a * clean) / s


class Guide(nn.Module):
    """Gradient in x of the sum of ln p(class | number) over the numbers of a picture."""

    def __init__(self):
        super().__init__()
        self.peaks = Peaks()

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        moving = x.detach().clone().requires_grad_(True)
        known = torch.log_softmax(self.peaks.logarithms(moving, t), dim=4)
        picked = known.gather(4, condition.view(-1, 1, 1, 1, 1).expand(-1, 1, x.size(2), x.size(3), 1)).sum()
        gradient = torch.autograd.grad([picked], [moving])[0]
        assert gradient is not None
        return gradient


class Prior(nn.Module):
    """Numbers of the class's law, all from the code: x0 = mean + deviation * z."""

    def __init__(self, shift: float = 0.0):
        super().__init__()
        self.register_buffer("mean", torch.tensor([-1.5, 1.0]) + shift)
        self.register_buffer("deviation", torch.tensor([0.2, 0.35]))

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        mean, deviation = self.mean[condition].unsqueeze(1), self.deviation[condition].unsqueeze(1)
        return (mean + deviation * z).view(-1, 1, 8, 8)


class Truncated(nn.Module):
    """The law of class 1 at index 199 itself, from a latent x and the reserved time 1000."""

    def __init__(self):
        super().__init__()
        a2 = float(alpha_bar()[199])
        self.mean = a2**0.5
        self.deviation = (a2 * 0.1225 + 1 - a2) ** 0.5

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        # Wrong at any other time.
        return self.mean + self.deviation * x + (t - 1000).view(-1, 1, 1, 1)


class Refiner(nn.Module):
    """D = image + 0.1 tanh(x): the prior's picture, and a little that comes from the noise."""

    def __init__(self):
        super().__init__()
        self.levels = Levels()

    def forward(self, x: Tensor, t: Tensor, image: Tensor) -> Tensor:
        a, s = self.levels(t)
        return (x - a * (image + 0.1 * torch.tanh(x))) / s


class Around(nn.Module):
    """Noise in x = a x0 + image + s noise for data N(0.3, 0.1): formulation 2."""

    def __init__(self):
        super().__init__()
        self.levels = Levels()

    def forward(self, x: Tensor, t: Tensor, image: Tensor) -> Tensor:
        a, s = self.levels(t)
        y = x - image
        clean = 0.3 + a * 0.01 / (a * a * 0.01 + s * s) * (y - 0.3 * a)
        return (y - a * clean) / s


class Picture(nn.Module):
    """The code itself, as a picture."""

    def forward(self, z: Tensor) -> Tensor:
        return z.view(-1, 1, 8, 8)


class Echo(nn.Module):
    """D = x: after one step from noise the picture is the noise."""

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return x.clone()


class Drawn(nn.Module):
    """D = z."""

    def forward(self, x: Tensor, t: Tensor, z: Tensor) -> Tensor:
        return z.view(-1, 1, 8, 8) + 0 * x


class Weighted(nn.Module):
    """D of factors a, b and p, q: 0.5 b - 0.5 a everywhere, and 0.25 q more in the right half."""

    def __init__(self):
        super().__init__()
        self.levels = Levels()

    def forward(self, x: Tensor, t: Tensor, factors: Tensor) -> Tensor:
        a, s = self.levels(t)
        level = (0.5 * factors[:, 1] - 0.5 * factors[:, 0]).view(-1, 1, 1, 1)
        right = (torch.arange(x.size(3), device=x.device) >= 4).float().view(1, 1, 1, -1)
        clean = (level + 0.25 * factors[:, 3].view(-1, 1, 1, 1) * right) + 0 * x
        return (x - a * clean) / s


class Shrink(nn.Module):
    """An encoder: each 2 by 2 block's mean over the colours, and a deviation of 0.01."""

    def forward(self, x: Tensor) -> Tensor:
        mean = torch.nn.functional.avg_pool2d(x.mean(1, keepdim=True), 2)
        return torch.cat([mean, torch.full_like(mean, 0.01)], dim=1)


class Painter(nn.Module):
    """A 9-channel inpainting network in small: D is what is kept, and 0.5 where something is to be drawn."""

    def __init__(self):
        super().__init__()
        self.levels = Levels()

    def forward(self, x: Tensor, t: Tensor, mask: Tensor, masked: Tensor) -> Tensor:
        a, s = self.levels(t)
        return (x - a * (mask * 0.5 + (1 - mask) * masked)) / s


class Still(nn.Module):
    """Drift 0 and score -x: the OU process that keeps unit normal data."""

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return -x


class Half(nn.Module):
    """Drift -x / 2."""

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return -x / 2


class Brightness(nn.Module):
    """How bright a picture is, from 0 to 1; range as in `Writer`."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(1, 2, 3)) / 4 + 0.5


def save(network: nn.Module, path: Path) -> str:
    """Scripts, and writes without names of the machine; returns the digest."""
    whole = io.BytesIO()
    torch.jit.save(torch.jit.script(network.eval()), whole)
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(whole) as read, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as written:
        for entry in read.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                kept = zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0))
                # Tensors must lie where they can be mapped; code may be packed.
                kept.compress_type = zipfile.ZIP_STORED
                written.writestr(kept, read.read(entry))
    return hashlib.sha256(path.read_bytes()).hexdigest()


GAUSSIAN = {"kind": "vp", "schedule": {"kind": "linear", "steps": STEPS}, "prediction": "epsilon"}
CLASSES = {"kind": "class", "classes": ["low", "high"], "nullIndex": 2}


class Writer:
    def __init__(self, out: Path):
        self.out = out

    def bundle(self, name: str, networks: dict, sampler: str, tables: dict | None = None, **more) -> None:
        """`networks`: role -> (module, inputs, latentSize or None)."""
        folder = self.out / name
        folder.mkdir(parents=True, exist_ok=True)
        described = {}
        for role, (module, inputs, size) in networks.items():
            digest = save(module, folder / f"{role}.pt")
            described[role] = {"file": f"{role}.pt", "sha256": digest, "inputs": inputs, "maxRows": 16}
            if size:
                described[role]["latentSize"] = size
        manifest = {
            "format": 1, "name": name, "title": name, "description": "Exactly known, for tests.", "author": "Safelight",
            "date": "2026-11-25", "license": {"weights": "Apache-2.0", "data": "none"}, "parameters": 0, "queue": "default",
            "networks": described, "latent": {"shape": [1, SIZE, SIZE], "range": [-2, 2]}, "process": GAUSSIAN,
            "conditioning": {"kind": "none"}, "decoder": {"kind": "pixels"},
            "defaults": {"sampler": sampler, "steps": 20, "guidance": 1.0, "spacing": "trailing", "eta": 0.0},
            "limits": {"steps": 1000, "count": 16},
        } | more
        if tables:
            manifest["tables"] = {}
            for table, values in tables.items():
                text = json.dumps(values).encode()
                (folder / f"{table}.json").write_bytes(text)
                digest = hashlib.sha256(text).hexdigest()
                manifest["tables"][table] = {"file": f"{table}.json", "sha256": digest}
        (folder / "model.json").write_text(json.dumps(manifest, indent=1) + "\n")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, required=True)
    write = Writer(arguments.parse_args().out).bundle
    code = SIZE * SIZE
    x, t = "x", "t"
    write("peaks", {
        "denoiser": (Peaks(), [x, t, "class"], None),
        "guide": (Guide(), [x, t, "class"], None),
        "prior": (Prior(), ["z", "class"], code),
    }, "ddim", conditioning=CLASSES, prior={"kind": "start", "time": 199, "default": False})
    write("watched", {"denoiser": (Peaks(), [x, t, "class"], None), "safety": (Brightness(), [x], None)}, "ddim",
          format=2, conditioning=CLASSES, safety={"threshold": 0.5, "action": "blur"})
    write("truncated", {"denoiser": (OnlyHigh(), [x, t], None), "prior": (Truncated(), [x, t], None)}, "ddim",
          prior={"kind": "truncated", "time": 199, "networkTime": 1000})
    write("refined", {"denoiser": (Refiner(), [x, t, "image"], None), "prior": (Picture(), ["z"], code)}, "ddim",
          prior={"kind": "condition"}, tables={"prior-codes": [1.0] + [0.25] * code + [0.5] * code})
    write("around", {"denoiser": (Around(), [x, t, "image"], None), "prior": (Picture(), ["z"], code)}, "ddpm",
          prior={"kind": "residual"})
    write("restored", {"denoiser": (Echo(), [x, t], None)}, "cold", tables={"cold-start": [1, 1.0, 0.5, 0.1]},
          process={"kind": "cold", "schedule": {"kind": "pixelate", "steps": 3}, "prediction": "x0"},
          defaults={"sampler": "cold", "steps": 3, "guidance": 1.0, "spacing": "trailing", "eta": 0.0})
    echo = {"denoiser": (Echo(), [x, t], None)}
    clean = GAUSSIAN | {"prediction": "x0"}
    write("gamma-law", echo, "gamma", process=clean, samplers=["gamma"], tables={"gamma-noise": [60.0]})
    write("mixture-law", echo, "mixture", process=clean, samplers=["mixture"],
          tables={"mixture-noise": [0.5, -0.8, 0.6, 0.5, 0.8, 0.6]})
    few = {"kind": "vp", "schedule": {"kind": "diffusion-gan", "steps": 4}, "prediction": "x0"}
    write("drawn", {"denoiser": (Drawn(), [x, t, "z"], code)}, "ddgan", process=few,
          defaults={"sampler": "ddgan", "steps": 4, "guidance": 1.0, "spacing": "trailing", "eta": 0.0})
    write("weighted", {"denoiser": (Weighted(), [x, t, "factors"], None)}, "ddim", conditioning={
        "kind": "factors",
        "factors": [{"name": "level", "values": ["a", "b"]}, {"name": "right", "values": ["p", "q"]}],
    })
    write("shrunk", {"denoiser": (Echo(), [x, t], None), "encoder": (Shrink(), [x], None)}, "ddim", process=clean,
          image={"shape": [3, 2 * SIZE, 2 * SIZE], "range": [-1, 1]})
    write("painter", {"denoiser": (Painter(), [x, t, "mask", "masked"], None)}, "ddim")
    write("mixed", {"denoiser": (Echo(), [x, t], None)}, "pf-ode", tables={"mixed-score": [-100.0]},
          process={"kind": "vp", "schedule": {"kind": "continuous", "steps": 0}, "prediction": "epsilon"})
    grid = [i / 20 for i in range(21)]
    write("flowing", {"denoiser": (Still(), [x, t], None), "drift": (Half(), [x, t], None)}, "diffflow",
          process={"kind": "learned", "schedule": {"kind": "tables", "steps": 20}, "prediction": "score"},
          tables={"times": grid, "diffusion": [1.0] * 21})


class OnlyHigh(nn.Module):
    """`Peaks` of class 1 alone."""

    def __init__(self):
        super().__init__()
        self.levels = Levels()

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        a, s = self.levels(t)
        clean = 1 + a * 0.1225 / (a * a * 0.1225 + s * s) * (x - a)
        return (x - a * clean) / s


if __name__ == "__main__":
    main()
