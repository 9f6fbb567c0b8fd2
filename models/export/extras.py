"""Puts into a `fashion` bundle another denoiser, the guide of classifier guidance, or the prior of ES-DDPM."""

import argparse
import json
from datetime import date
from pathlib import Path

import torch
from torch import Tensor, nn

from models.export import bundle, golden, torchscript
from models.export.fashion import denoiser
from models.export.prior import example, trained_prior
from models.train import idx
from models.train.fashion import process
from models.train.noisy_classifier import NoisyClassifier
from models.train.prior import CODE
from models.train.trainer import averaged_weights

START = 391
"""Where walks from the prior begin: the 0-based index at which there is as much noise as the linear schedule of Lyu et al. 2022
has at T' = T/5, s/a = 0.72. The squared-cosine schedule has half as much at a fifth of its indices."""


class Guide(nn.Module):
    """x [B, 1, 28, 28], t [B], class [B] -> gradient of ln p(class | x_t) over x, with autograd inside the script.

    The true gradient is a/s^2 times the difference of two estimates of a picture in [-1, 1], so no number of it exceeds
    2a/s^2. A classifier that was taught on few pictures exceeds it by far where there is nothing to be seen but noise.
    """

    def __init__(self, classifier: torch.jit.ScriptModule):
        super().__init__()
        self.classifier = classifier
        levels = process()
        self.register_buffer("most", (2 * levels.signal / levels.noise.square()).float())

    def forward(self, x: Tensor, t: Tensor, classes: Tensor) -> Tensor:
        # Inference turns gradients off; TorchScript knows no torch.enable_grad, but what that is made of.
        before = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
        wanted = x.detach().requires_grad_()
        log_probability = self.classifier(wanted, t).log_softmax(1)
        chosen = log_probability.gather(1, classes.unsqueeze(1)).sum()
        gradient = torch.autograd.grad([chosen], [wanted])[0]
        torch.set_grad_enabled(before)
        # The compiler cannot know that x was reached.
        assert gradient is not None
        most = self.most[t.long()].view(-1, 1, 1, 1)
        return torch.maximum(torch.minimum(gradient, most), -most)


def guide(training: Path, data: Path, out: Path) -> tuple[dict, nn.Module]:
    """Stores the guide; what torch answered, for the golden tensors."""
    classifier = NoisyClassifier()
    classifier.load_state_dict(averaged_weights(training)[0])
    classifier = bundle.rounded(classifier.eval()).requires_grad_(False)
    x, t, _ = bundle.noisy(8, 1, data)
    # Not frozen: freezing would forbid the gradient.
    script = torch.jit.script(Guide(torch.jit.trace(classifier, (x, t))).eval())
    torchscript.save(script, out / "guide.pt")
    x, t, classes = bundle.noisy(4, 2, data)
    loaded = torch.jit.load(out / "guide.pt")
    with torch.no_grad():
        whole = loaded(x, t, classes)
        torch.testing.assert_close(loaded(x[:1], t[:1], classes[:1]), whole[:1], rtol=1e-3, atol=1e-4)
    return {"inputs": {"x": x, "t": t, "class": classes}, "outputs": {"gradient": whole}}, classifier


def prior(training: Path, data: Path, out: Path) -> tuple[dict, nn.Module]:
    """Stores the decoder; what torch answered, for the golden tensors."""
    network = trained_prior(training, data)
    code, classes = example(8, data)
    scripted = torchscript.export(network, (code, classes), out / "prior.pt")
    with torch.inference_mode():
        picture = scripted(code[:4], classes[:4])
    return {"inputs": {"z": code[:4], "class": classes[:4]}, "outputs": {"picture": picture}}, network


def count(manifest: dict, role: str, network: nn.Module) -> None:
    if role not in manifest["networks"]:
        manifest["parameters"] += torchscript.parameters(network)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=idx.DEBIAN_FASHION_MNIST)
    arguments.add_argument("--bundle", type=Path, required=True)
    arguments.add_argument("--denoiser", type=Path, help="training folder of models.train.fashion; measure the tables again")
    arguments.add_argument("--guide", type=Path, help="training folder of models.train.noisy_classifier")
    arguments.add_argument("--prior", type=Path, help="training folder of models.train.prior")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    out = options.bundle
    manifest = json.loads((out / "model.json").read_text())
    recorded = json.loads((out / "golden.json").read_text())
    if options.denoiser:
        answers, _, _ = denoiser(options.denoiser, options.data, out)
        manifest["networks"]["denoiser"]["sha256"] = torchscript.sha256(out / "denoiser.pt")
        manifest["date"] = date.today().isoformat()
        recorded["networks"]["denoiser"] = golden.sides(answers)
    if options.guide:
        answers, network = guide(options.guide, options.data, out)
        count(manifest, "guide", network)
        manifest["networks"]["guide"] = bundle.listed(out, "guide.pt", ["x", "t", "class"])
        recorded["networks"]["guide"] = golden.sides(answers)
    if options.prior:
        answers, network = prior(options.prior, options.data, out)
        count(manifest, "prior", network)
        manifest["networks"]["prior"] = bundle.listed(out, "prior.pt", ["z", "class"], latentSize=CODE)
        manifest["prior"] = {"kind": "start", "time": START, "default": False}
        recorded["networks"]["prior"] = golden.sides(answers)
    (out / "golden.json").write_text(json.dumps(recorded, separators=(",", ":")) + "\n")
    (out / "model.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print({role: entry["sha256"] for role, entry in manifest["networks"].items()})


if __name__ == "__main__":
    main()
