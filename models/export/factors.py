"""Writes the bundle `factors`: garment, colour and place, each told alone, in part or together."""

import torch

from models.export import bundle, torchscript
from models.train import idx
from models.train.factors import FACTORS, SIDE, canvas, condition, drawn, network
from models.train.fashion import STEPS, process
from models.train.trainer import averaged_weights


@torch.inference_mode()
def example(rows: int, seed: int, data) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Noisy canvases, their times and conditions; the last row is told nothing."""
    randomness = torch.Generator().manual_seed(seed)
    color, place = drawn(rows, randomness)
    clean = canvas(idx.images(data, "t10k")[:rows], color, place)
    said = condition(idx.labels(data, "t10k")[:rows], color, place, randomness)
    said[-1] = 0
    index = torch.linspace(STEPS - 1, 3, rows).long()
    x, _ = process().diffuse(clean, torch.randn(clean.shape, generator=randomness), index)
    return x, index.float(), said


def main() -> None:
    options = bundle.options(__doc__, "factors")
    denoiser = network()
    weights, step = averaged_weights(options.factors)
    denoiser.load_state_dict(weights)
    scripted = torchscript.export(bundle.rounded(denoiser), example(8, 1, options.data), options.out / "denoiser.pt")
    x, t, said = example(4, 2, options.data)
    with torch.inference_mode():
        recorded = {"inputs": {"x": x, "t": t, "factors": said}, "outputs": {"v": scripted(x, t, said)}}
    bundle.write(
        options.out,
        options.date,
        {"denoiser": recorded},
        name="factors",
        title="Garments in colours and places",
        description="Garment, colour and place on a 32x32 canvas, each factor told alone, in part or with the others.",
        parameters=torchscript.parameters(denoiser),
        networks={"denoiser": bundle.listed(options.out, "denoiser.pt", ["x", "t", "factors"])},
        latent={"shape": [3, SIDE, SIDE], "range": [-1, 1]},
        process={"kind": "vp", "schedule": {"kind": "squared-cosine", "steps": STEPS}, "prediction": "v"},
        conditioning={
            "kind": "factors",
            "factors": [{"name": name, "values": list(values)} for name, values in FACTORS.items()],
            "nullable": True,
        },
        defaults={"sampler": "dpmpp-2m", "steps": 25, "guidance": 2.0, "spacing": "trailing", "eta": 0.0},
    )
    print(f"bundle factors of training step {step} in {options.out}")


if __name__ == "__main__":
    main()
