"""The judge of the `fashion` family: a small CNN that never sees a generated picture.

Its logits say what a picture shows; its penultimate features are the space of recall, precision and Frechet distance.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.train import command, idx
from models.train.trainer import Recipe

FEATURES = 64
RECIPE = Recipe(seed=77, steps=6_000, batch=128, rate=1e-3, warmup=200, decay=0.5, averaging=0.998, weight_decay=1e-2)


class Classifier(nn.Module):
    """x [B, 1, 28, 28] in [-1, 1] -> (logits [B, 10], features [B, 64])."""

    def __init__(self, classes: int = 10):
        super().__init__()
        self.convolutions = nn.Sequential(
            *_stage(1, 32), *_stage(32, 32), nn.MaxPool2d(2), *_stage(32, 64), *_stage(64, 64), nn.MaxPool2d(2)
        )
        self.features = nn.Linear(64 * 7 * 7, FEATURES)
        self.dropout = nn.Dropout(0.3)
        self.logits = nn.Linear(FEATURES, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = functional.relu(self.features(self.dropout(self.convolutions(x).flatten(1))))
        return self.logits(self.dropout(features)), features


def _stage(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.GroupNorm(8, outputs), nn.ReLU()]


class ClassLoss:
    """Cross-entropy with label smoothing on randomly shifted pictures."""

    SHIFT = 2

    def __init__(self, pictures: Tensor, labels: Tensor):
        self.pictures = pictures
        self.labels = labels

    def __call__(self, network: nn.Module, batch: Tensor, randomness: torch.Generator) -> Tensor:
        x = idx.scaled(self.pictures[batch])
        down, right = torch.randint(-self.SHIFT, self.SHIFT + 1, (2,), generator=randomness).tolist()
        padded = functional.pad(x, [self.SHIFT] * 4, value=-1.0)
        top, left = self.SHIFT + down, self.SHIFT + right
        x = padded[:, :, top : top + x.shape[2], left : left + x.shape[3]]
        logits, _ = network(x)
        return functional.cross_entropy(logits, self.labels[batch], label_smoothing=0.05)


@torch.inference_mode()
def accuracy(network: nn.Module, pictures: Tensor, labels: Tensor) -> Tensor:
    """Share of correct answers in each class: [10]."""
    network.eval()
    answers = torch.cat([network(idx.scaled(chunk))[0].argmax(1) for chunk in pictures.split(500)])
    return torch.stack([(answers[labels == c] == c).double().mean() for c in range(int(labels.max()) + 1)])


def main() -> None:
    options = command.options(__doc__, RECIPE)
    weights = command.run(options, RECIPE, Classifier, ClassLoss)
    network = Classifier()
    network.load_state_dict(weights)
    share = accuracy(network, idx.images(options.data, "t10k"), idx.labels(options.data, "t10k"))
    print(f"test accuracy {share.mean():.4f}; by class {[round(s, 3) for s in share.tolist()]}")


if __name__ == "__main__":
    main()
