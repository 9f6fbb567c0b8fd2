"""The prior of ES-DDPM and DiffuseVAE as it ships: a decoder, and the law of the codes that it was trained on.

The codes of one class's pictures are not unit normal together, as the autoencoder would have them; what is decoded from unit
normal codes looks worse than what is decoded from theirs. So the network itself brings unit normal numbers to a mixture of
normal laws, one mixture a class, fitted to the codes of the training pictures.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.export import bundle
from models.train import idx
from models.train.prior import CODE, Autoencoder
from models.train.trainer import averaged_weights

LAWS = 5
"""Normal laws a class."""


class Prior(nn.Module):
    """z [B, CODE] of a unit normal law, class [B] -> picture [B, 1, 28, 28] in [-1, 1].

    How likely a smaller first number of z is says which law is taken; stretched to that law's share it is normal again.
    """

    def __init__(self, autoencoder: Autoencoder, weight: Tensor, mean: Tensor, root: Tensor):
        super().__init__()
        self.autoencoder = autoencoder
        self.register_buffer("weight", weight)
        self.register_buffer("upper", weight.cumsum(1))
        self.register_buffer("mean", mean)
        self.register_buffer("root", root)

    def forward(self, z: Tensor, classes: Tensor) -> Tensor:
        place = torch.special.ndtr(z[:, :1])
        law = (place >= self.upper[classes]).sum(1, keepdim=True).clamp(max=self.weight.shape[1] - 1)
        weight, upper = self.weight[classes].gather(1, law), self.upper[classes].gather(1, law)
        inside = ((place - (upper - weight)) / weight).clamp(1e-6, 1 - 1e-6)
        whole = torch.cat([torch.special.ndtri(inside), z[:, 1:]], dim=1)
        chosen = law.squeeze(1)
        code = self.mean[classes, chosen] + (self.root[classes, chosen] @ whole.unsqueeze(2)).squeeze(2)
        return self.autoencoder.decode(code, classes)


def mixture(points: Tensor, laws: int, randomness: torch.Generator, rounds: int = 40) -> tuple[Tensor, Tensor, Tensor]:
    """Weights [laws], means [laws, D] and roots of covariances [laws, D, D] by expectation-maximisation; float64."""
    count, width = points.shape
    mean = points[torch.randperm(count, generator=randomness)[:laws]]
    for _ in range(10):
        nearest = functional.one_hot(torch.cdist(points, mean).argmin(1), laws).double()
        mean = (nearest.T @ points) / nearest.sum(0).clamp(min=1).unsqueeze(1)
    share = nearest
    for _ in range(rounds):
        total = share.sum(0) + 1e-9
        mean = (share.T @ points) / total.unsqueeze(1)
        roots, likely = [], []
        for law in range(laws):
            apart = points - mean[law]
            covariance = (apart * share[:, law : law + 1]).T @ apart / total[law] + 1e-3 * torch.eye(width).double()
            roots.append(torch.linalg.cholesky(covariance))
            unit = torch.linalg.solve_triangular(roots[-1], apart.T, upper=False)
            likely.append(total[law].log() - roots[-1].diag().log().sum() - unit.square().sum(0) / 2)
        share = torch.stack(likely, dim=1).softmax(1)
    return total / count, mean, torch.stack(roots)


@torch.inference_mode()
def code_laws(autoencoder: Autoencoder, data: Path, seed: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    """For each class the mixture of its training pictures' codes, one drawn for each picture; float32."""
    pictures, labels = idx.images(data, "train"), idx.labels(data, "train")
    randomness = torch.Generator().manual_seed(seed)
    found = []
    for label in range(int(labels.max()) + 1):
        clean = idx.scaled(pictures[labels == label])
        parts = [autoencoder.encode(part, torch.full((len(part),), label)) for part in clean.split(500)]
        mean, log_variance = (torch.cat(side) for side in zip(*parts))
        codes = mean + (log_variance / 2).exp() * torch.randn(mean.shape, generator=randomness)
        found.append(mixture(codes.double(), LAWS, randomness))
    weight, mean, root = (torch.stack(side).float() for side in zip(*found))
    return weight, mean, root


def trained_prior(training: Path, data: Path) -> Prior:
    """Of a training folder of models.train.prior; the weights are rounded, and the laws belong to those."""
    autoencoder = Autoencoder()
    autoencoder.load_state_dict(averaged_weights(training)[0])
    bundle.rounded(autoencoder)
    laws = code_laws(autoencoder, data)
    for unused in ("encoder", "law"):
        setattr(autoencoder, unused, nn.Identity())
    return Prior(autoencoder, *laws)


def example(rows: int, data: Path) -> tuple[Tensor, Tensor]:
    """Codes and the classes of as many test pictures."""
    return torch.randn(rows, CODE, generator=torch.Generator().manual_seed(4)), idx.labels(data, "t10k")[:rows]
