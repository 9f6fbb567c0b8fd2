"""Writes a bundle of `fashion`'s network in continuous time, as the folder is called: `fashion-vp` or `fashion-sub-vp`.

A network that was trained on x = a x0 + s noise knows every process with Gaussian noise (Song et al. 2021, section 3.4): x is
brought to unit variance, and the index told is the one, whole or between two, at which s/a is the same.
"""

import torch
from torch import Tensor, nn

from models.export import bundle, torchscript
from models.train import idx, shipped
from models.train.fashion import network, process

LOW, HIGH = 0.1, 20.0
"""beta of the SDE at its ends."""
LOWEST = {"vp": 1e-3, "sub-vp": 0.02}
"""Where walks end. The sub-VP process comes nearer to the data, and the network knows noise of 0.6 % and more."""


class Continuous(nn.Module):
    """x [B, 1, 28, 28], t [B] in (0, 1], class [B] -> noise [B, 1, 28, 28]."""

    def __init__(self, inner: nn.Module, sub: bool):
        super().__init__()
        self.inner = inner
        self.sub = sub
        levels = process()
        self.register_buffer("ladder", (levels.noise / levels.signal).log().float())

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        t = t.double()
        integral = LOW * t + (HIGH - LOW) * t.square() / 2
        a = (-integral / 2).exp()
        lost = -torch.expm1(-integral)
        s = lost if self.sub else lost.sqrt()
        wide = (a.square() + s.square()).sqrt()
        wanted = (s.log() - a.log()).float()
        above = torch.searchsorted(self.ladder, wanted).clamp(1, self.ladder.shape[0] - 1)
        low, high = self.ladder[above - 1], self.ladder[above]
        index = (above - 1 + (wanted - low) / (high - low)).clamp(min=0.0)
        unit = x / wide.float().view(-1, 1, 1, 1)
        v = self.inner(unit, index, condition)
        return (a / wide).float().view(-1, 1, 1, 1) * v + (s / wide).float().view(-1, 1, 1, 1) * unit


def noisy(rows: int, seed: int, sub: bool, data) -> tuple[Tensor, Tensor, Tensor]:
    """Test pictures at falling times, and their labels."""
    clean = idx.scaled(idx.images(data, "t10k")[:rows])
    t = torch.linspace(1, 0.05, rows)
    integral = LOW * t + (HIGH - LOW) * t.square() / 2
    lost = -torch.expm1(-integral)
    s = (lost if sub else lost.sqrt()).view(-1, 1, 1, 1)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed))
    return (-integral / 2).exp().view(-1, 1, 1, 1) * clean + s * noise, t, idx.labels(data, "t10k")[:rows]


def more(arguments) -> None:
    arguments.add_argument("--fashion", default="models/fashion", help="bundle whose network is taken")


def main() -> None:
    options = bundle.options(__doc__, more=more)
    kind = options.out.name.removeprefix("fashion-")
    sub = kind == "sub-vp"
    inner = network()
    inner.load_state_dict(shipped.fashion(f"{options.fashion}/denoiser.pt"))
    whole = Continuous(bundle.rounded(inner), sub)
    scripted = torchscript.export(whole, noisy(8, 1, sub, options.data), options.out / "denoiser.pt")
    x, t, classes = noisy(4, 2, sub, options.data)
    with torch.inference_mode():
        recorded = {"inputs": {"x": x, "t": t, "class": classes}, "outputs": {"epsilon": scripted(x, t, classes)}}
    words = "sub-VP" if sub else "VP"
    bundle.write(
        options.out,
        options.date,
        {"denoiser": recorded},
        name=options.out.name,
        title=f"Fashion-MNIST garments along the {words} SDE",
        description=f"The fashion network in the continuous time of the {words} SDE.",
        parameters=torchscript.parameters(inner),
        networks={"denoiser": bundle.listed(options.out, "denoiser.pt", ["x", "t", "class"])},
        process={
            "kind": kind,
            "schedule": {"kind": "continuous", "betaStart": LOW, "betaEnd": HIGH, "lowestTime": LOWEST[kind]},
            "prediction": "epsilon",
        },
        defaults={"sampler": "sde-pc", "steps": 100, "guidance": 1.0, "spacing": "trailing", "eta": 0.0},
    )
    print(f"bundle {options.out.name} in {options.out}")


if __name__ == "__main__":
    main()
