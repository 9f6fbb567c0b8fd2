"""Writes the bundle of the score network: annealed Langevin dynamics and the VE SDE."""

import torch

from models.export import bundle, torchscript
from models.train import idx
from models.train.score import HIGHEST, LOWEST, ScoreNetwork
from models.train.trainer import averaged_weights


def noisy(rows: int, seed: int, data) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Test pictures in [0, 1] under noise from the widest level to the finest."""
    clean = idx.images(data, "t10k")[:rows].float() / 255
    sigma = LOWEST * (HIGHEST / LOWEST) ** torch.linspace(1, 0, rows)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed))
    return clean + sigma.view(-1, 1, 1, 1) * noise, sigma, idx.labels(data, "t10k")[:rows]


def main() -> None:
    options = bundle.options(__doc__, "score")
    network = ScoreNetwork()
    weights, step = averaged_weights(options.score)
    network.load_state_dict(weights)
    scripted = torchscript.export(bundle.rounded(network), noisy(8, 1, options.data), options.out / "denoiser.pt")
    x, sigma, classes = noisy(4, 2, options.data)
    with torch.inference_mode():
        recorded = {"inputs": {"x": x, "t": sigma, "class": classes}, "outputs": {"score": scripted(x, sigma, classes)}}
    bundle.write(
        options.out,
        options.date,
        {"denoiser": recorded},
        # At the finest level the score is a hundred times what the network inside says.
        tolerance=1e-2,
        name="score",
        title="Score network of garments",
        description="Scores of Fashion-MNIST at geometric noise levels, for Langevin dynamics and the reverse VE SDE.",
        parameters=torchscript.parameters(network),
        networks={"denoiser": bundle.listed(options.out, "denoiser.pt", ["x", "t", "class"])},
        latent={"shape": [1, 28, 28], "range": [0, 1]},
        process={
            "kind": "ve",
            "schedule": {"kind": "continuous", "sigmaMin": LOWEST, "sigmaMax": HIGHEST, "lowestTime": 1e-5},
            "prediction": "score",
            "time": "sigma",
        },
        defaults={"sampler": "sde-pc", "steps": 100, "guidance": 1.0, "spacing": "trailing", "eta": 0.0},
    )
    print(f"bundle score of training step {step} in {options.out}")


if __name__ == "__main__":
    main()
