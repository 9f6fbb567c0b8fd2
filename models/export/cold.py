"""Writes the bundle of a cold restorer; the folder's name says which: cold-blur, cold-pixelate or cold-fade."""

import torch

from models.export import bundle, torchscript
from models.train import idx
from models.train.cold import DEGRADATIONS, Restorer
from models.train.trainer import averaged_weights

SCHEDULES = {
    "blur": {"kind": "blur", "steps": 20, "deviation": 1.2, "collapses": True},
    "pixelate": {"kind": "pixelate", "steps": 5},
    "fade": {"kind": "fade", "steps": 20, "deviation": 1.5},
}
WORDS = {"blur": "blurred", "pixelate": "made coarse", "fade": "covered by a growing spot"}


def start_laws(means: torch.Tensor, laws: int = 3, rounds: int = 200) -> list[float]:
    """The table `cold-start` for one channel: a mixture of normal laws, fitted to the means [N] by expectation-maximisation."""
    weight = torch.full((laws,), 1 / laws, dtype=torch.float64)
    mean = means.double().quantile(torch.linspace(0.2, 0.8, laws, dtype=torch.float64))
    deviation = means.double().std().expand(laws).clone()
    for _ in range(rounds):
        apart = (means.double().unsqueeze(1) - mean) / deviation
        share = weight * (-apart.square() / 2).exp() / deviation
        share = share / share.sum(dim=1, keepdim=True)
        count = share.sum(dim=0)
        weight, mean = count / len(means), (share * means.unsqueeze(1)).sum(dim=0) / count
        spread = (share * (means.unsqueeze(1) - mean).square()).sum(dim=0) / count
        deviation = spread.sqrt().clamp(min=1e-3)
    return [1.0, *(number for law in zip(weight.tolist(), mean.tolist(), deviation.tolist()) for number in law)]


@torch.inference_mode()
def degraded(degradation, rows: int, seed: int, data) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Test pictures after ever fewer operators, what the network is told of it, and their labels."""
    clean = idx.scaled(idx.images(data, "t10k")[:rows])
    t = torch.linspace(degradation.steps, 1, rows).long()
    frozen = torch.rand(rows, degradation.frozen, generator=torch.Generator().manual_seed(seed))
    return degradation(clean, t, frozen), (t - 1).float(), idx.labels(data, "t10k")[:rows]


def main() -> None:
    options = bundle.options(__doc__, "cold")
    kind = options.out.name.removeprefix("cold-")
    degradation = DEGRADATIONS[kind]()
    restorer = Restorer(degradation.steps)
    weights, step = averaged_weights(options.cold)
    restorer.load_state_dict(weights)
    scripted = torchscript.export(
        bundle.rounded(restorer), degraded(degradation, 8, 1, options.data), options.out / "denoiser.pt"
    )
    x, t, classes = degraded(degradation, 4, 2, options.data)
    with torch.inference_mode():
        recorded = {"inputs": {"x": x, "t": t, "class": classes}, "outputs": {"x0": scripted(x, t, classes)}}
    clean = idx.scaled(idx.images(options.data, "train")[:6000])
    last = torch.full((len(clean),), degradation.steps)
    frozen = torch.rand(len(clean), degradation.frozen, generator=torch.Generator().manual_seed(3))
    means = degradation(clean, last, frozen).mean(dim=(1, 2, 3))
    bundle.write(
        options.out,
        options.date,
        {"denoiser": recorded},
        name=options.out.name,
        title=f"Garments restored from what was {WORDS[kind]}",
        description=f"Cold diffusion: restores Fashion-MNIST pictures that were {WORDS[kind]}, or draws them from nothing.",
        parameters=torchscript.parameters(restorer),
        networks={"denoiser": bundle.listed(options.out, "denoiser.pt", ["x", "t", "class"])},
        process={"kind": "cold", "schedule": SCHEDULES[kind], "prediction": "x0"},
        samplers=["cold"],
        defaults={
            "sampler": "cold",
            "steps": degradation.steps,
            "guidance": 1.0,
            "spacing": "trailing",
            "eta": 0.0,
        },
        tables=bundle.table(options.out, "cold-start", start_laws(means)),
    )
    print(f"bundle {options.out.name} of training step {step} in {options.out}")


if __name__ == "__main__":
    main()
