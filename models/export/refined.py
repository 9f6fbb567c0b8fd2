"""Writes a bundle of DiffuseVAE: `refined` (formulation 1) or `refined-residual` (formulation 2), as the folder is called."""

import torch
from torch import Tensor, nn

from models.export import bundle, torchscript
from models.export.prior import example, trained_prior
from models.train.fashion import STEPS, process
from models.train.prior import CODE
from models.train.refiner import Refiner
from models.train.trainer import averaged_weights


class Residual(nn.Module):
    """Formulation 2: x = a x0 + decoded + s noise -> noise, of the v that the network says of what is around."""

    def __init__(self, refiner: Refiner):
        super().__init__()
        self.refiner = refiner
        levels = process()
        self.register_buffer("signal", levels.signal.float())
        self.register_buffer("noise", levels.noise.float())

    def forward(self, x: Tensor, t: Tensor, condition: Tensor, decoded: Tensor) -> Tensor:
        plain = x - decoded
        a, s = self.signal[t.long()].view(-1, 1, 1, 1), self.noise[t.long()].view(-1, 1, 1, 1)
        return a * self.refiner(x, t, condition, decoded) + s * plain


def main() -> None:
    options = bundle.options(__doc__, "refiner", "prior")
    name = options.out.name
    residual = {"refined": False, "refined-residual": True}[name]
    refiner = Refiner()
    weights, step = averaged_weights(options.refiner)
    refiner.load_state_dict(weights)
    bundle.rounded(refiner)
    prior = trained_prior(options.prior, options.data)
    code, labels = example(8, options.data)
    imagining = torchscript.export(prior, (code, labels), options.out / "prior.pt")
    with torch.inference_mode():
        decoded = imagining(code, labels)
    network = Residual(refiner) if residual else refiner

    def asked(rows: int, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x, t, classes = bundle.noisy(rows, seed, options.data)
        return x + decoded[:rows] if residual else x, t, classes, decoded[:rows]

    scripted = torchscript.export(network, asked(8, 1), options.out / "denoiser.pt")
    x, t, classes, shown = asked(4, 2)
    with torch.inference_mode():
        answer = scripted(x, t, classes, shown)
    prediction = "epsilon" if residual else "v"
    recorded = {
        "denoiser": {"inputs": {"x": x, "t": t, "class": classes, "image": shown}, "outputs": {prediction: answer}},
        "prior": {"inputs": {"z": code[:4], "class": labels[:4]}, "outputs": {"picture": decoded[:4]}},
    }
    bundle.write(
        options.out,
        options.date,
        recorded,
        name=name,
        title="Garments decoded from a code and refined" + (", around what was decoded" if residual else ""),
        description="DiffuseVAE, formulation "
        + ("2: noise is taken away around the picture of an autoencoder." if residual else "1: the network sees the picture of an autoencoder."),
        parameters=torchscript.parameters(refiner) + torchscript.parameters(prior),
        networks={
            "denoiser": bundle.listed(options.out, "denoiser.pt", ["x", "t", "class", "image"]),
            "prior": bundle.listed(options.out, "prior.pt", ["z", "class"], latentSize=CODE),
        },
        process={"kind": "vp", "schedule": {"kind": "squared-cosine", "steps": STEPS}, "prediction": prediction},
        prior={"kind": "residual" if residual else "condition"},
        defaults={"sampler": "ddim", "steps": 25, "guidance": 1.0, "spacing": "trailing", "eta": 0.0},
    )
    print(f"bundle {name} of training step {step} in {options.out}")


if __name__ == "__main__":
    main()
