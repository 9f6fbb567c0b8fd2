"""Writes the bundle of a network that was trained under Gamma noise, or under a mixture of two normal laws."""

import torch

from models.export import bundle, torchscript
from models.train.fashion import STEPS, network
from models.train.noise_law import MEAN, THETA
from models.train.trainer import averaged_weights

LAWS = {
    "gamma": ("Gamma noise", {"gamma-noise": [THETA]}),
    "mixture": (
        "noise of two normal laws",
        {"mixture-noise": [0.5, MEAN, (1 - MEAN**2) ** 0.5, 0.5, -MEAN, (1 - MEAN**2) ** 0.5]},
    ),
}


def main() -> None:
    options = bundle.options(__doc__, "noise_law")
    law = options.out.name
    noise, tables = LAWS[law]
    denoiser = network()
    weights, step = averaged_weights(options.noise_law)
    denoiser.load_state_dict(weights)
    scripted = torchscript.export(
        bundle.rounded(denoiser), bundle.noisy(8, 1, options.data), options.out / "denoiser.pt"
    )
    x, t, classes = bundle.noisy(4, 2, options.data)
    with torch.inference_mode():
        recorded = {"inputs": {"x": x, "t": t, "class": classes}, "outputs": {"v": scripted(x, t, classes)}}
    bundle.write(
        options.out,
        options.date,
        {"denoiser": recorded},
        name=law,
        title=f"Fashion-MNIST garments out of {noise}",
        description=f"The fashion network, trained on under {noise} in place of Gaussian.",
        parameters=torchscript.parameters(denoiser),
        networks={"denoiser": bundle.listed(options.out, "denoiser.pt", ["x", "t", "class"])},
        process={"kind": "vp", "schedule": {"kind": "squared-cosine", "steps": STEPS}, "prediction": "v"},
        samplers=[law],
        defaults={"sampler": law, "steps": 50, "guidance": 2.0, "spacing": "trailing", "eta": 0.0},
        tables={
            name: entry
            for table, numbers in tables.items()
            for name, entry in bundle.table(options.out, table, numbers).items()
        },
    )
    print(f"bundle {law} of training step {step} in {options.out}")


if __name__ == "__main__":
    main()
