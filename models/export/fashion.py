"""Writes the `fashion` bundle from the checkpoints of its two trainings."""

import argparse
import json
from datetime import date
from pathlib import Path

import torch
from torch import nn

from models.export import golden, torchscript
from models.train import idx
from models.train.fashion import CLASSES, NULL_CLASS, STEPS, network, process
from models.train.fashion_classifier import Classifier
from models.train.trainer import averaged_weights

MAX_ROWS = 32


def example(rows: int, seed: int, data: Path) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Noisy test pictures at times over the whole range; the last row asks for the null class."""
    randomness = torch.Generator().manual_seed(seed)
    clean = idx.scaled(idx.images(data, "t10k")[:rows])
    index = torch.linspace(STEPS - 1, 3, rows).long()
    x, _ = process().diffuse(clean, torch.randn(clean.shape, generator=randomness), index)
    classes = idx.labels(data, "t10k")[:rows].clone()
    classes[-1] = NULL_CLASS
    return x, index.float(), classes


def manifest(parameters: int, digest: str, classifier_digest: str, trained: date) -> dict:
    return {
        "format": 1,
        "name": "fashion",
        "title": "Fashion-MNIST garments",
        "description": "Class-conditional U-Net that draws 28x28 grey pictures of ten kinds of clothes.",
        "author": "Safelight",
        "date": trained.isoformat(),
        "license": {"weights": "Apache-2.0", "data": "MIT (Fashion-MNIST, Zalando SE)"},
        "parameters": parameters,
        "queue": "default",
        "networks": {
            "denoiser": {
                "file": "denoiser.pt",
                "sha256": digest,
                "inputs": ["x", "t", "class"],
                "maxRows": MAX_ROWS,
            },
            "classifier": {
                "file": "evaluation/classifier.pt",
                "sha256": classifier_digest,
                "inputs": ["x"],
                "maxRows": 128,
            },
        },
        "latent": {"shape": [1, 28, 28], "range": [-1, 1]},
        "process": {"kind": "vp", "schedule": {"kind": "squared-cosine", "steps": STEPS}, "prediction": "v"},
        "conditioning": {"kind": "class", "classes": CLASSES, "nullIndex": NULL_CLASS},
        "decoder": {"kind": "pixels"},
        "defaults": {"sampler": "dpmpp-2m", "steps": 25, "guidance": 2.0, "spacing": "trailing", "eta": 0.0},
        "limits": {"steps": 1000, "count": 16},
        "golden": {"file": "golden.json"},
    }


@torch.inference_mode()
def denoiser(training: Path, data: Path, out: Path) -> tuple[dict, nn.Module, int]:
    """Stores the denoiser; what torch answered, for the golden tensors, the network, and its training step."""
    trained = network()
    weights, step = averaged_weights(training)
    trained.load_state_dict(weights)
    scripted = torchscript.export(trained, example(8, 1, data), out / "denoiser.pt")
    x, t, classes = example(4, 2, data)
    return {"inputs": {"x": x, "t": t, "class": classes}, "outputs": {"v": scripted(x, t, classes)}}, trained, step


@torch.inference_mode()
def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=idx.DEBIAN_FASHION_MNIST)
    arguments.add_argument("--denoiser", type=Path, required=True, help="training folder of models.train.fashion")
    arguments.add_argument("--classifier", type=Path, required=True, help="training folder of its classifier")
    arguments.add_argument("--out", type=Path, required=True, help="bundle folder")
    arguments.add_argument("--date", type=date.fromisoformat, default=date.today())
    options = arguments.parse_args()
    torch.set_num_threads(1)

    answers, trained, step = denoiser(options.denoiser, options.data, options.out)
    golden.write(options.out / "golden.json", 1e-4, {"denoiser": answers})
    classifier = Classifier()
    classifier.load_state_dict(averaged_weights(options.classifier)[0])
    pictures = idx.scaled(idx.images(options.data, "t10k")[:8])
    judge = torchscript.export(classifier, (pictures,), options.out / "evaluation" / "classifier.pt")

    logits, features = judge(pictures[:4])
    recorded = {"inputs": {"x": pictures[:4]}, "outputs": {"logits": logits, "features": features}}
    golden.write(options.out / "evaluation" / "golden.json", 1e-3, {"classifier": recorded})
    digest = torchscript.sha256(options.out / "denoiser.pt")
    classifier_digest = torchscript.sha256(options.out / "evaluation" / "classifier.pt")
    content = manifest(torchscript.parameters(trained), digest, classifier_digest, options.date)
    (options.out / "model.json").write_text(json.dumps(content, indent=2) + "\n")
    print(f"bundle of training step {step} in {options.out}, denoiser.pt {digest}")


if __name__ == "__main__":
    main()
