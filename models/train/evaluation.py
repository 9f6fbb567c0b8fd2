"""What the pictures of a class-conditional model are worth, in a classifier's eyes.

Every number is plain arithmetic on the classifier's logits and features, so that the product's own evaluation can
repeat it; models/README.md spells it out.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

NEIGHBOURS = 3


@dataclass(frozen=True)
class Report:
    accuracy: float
    """Share of the generated pictures that the classifier gives the class they were asked for."""
    by_class: list[float]
    recall: float
    precision: float
    frechet: float

    def line(self) -> str:
        shares = " ".join(f"{share:.2f}" for share in self.by_class)
        return (
            f"accuracy {self.accuracy:.3f} (worst class {min(self.by_class):.2f}: {shares})"
            f"  recall {self.recall:.3f}  precision {self.precision:.3f}  Frechet {self.frechet:.2f}"
        )


@torch.inference_mode()
def judge(classifier, generated: Tensor, asked: Tensor, held_out: Tensor) -> Report:
    """Generated and held-out pictures are [N, 1, 28, 28] in [-1, 1]; `asked` holds class indices [N]."""
    logits, features = judged(classifier, generated)
    _, real = judged(classifier, held_out)
    correct = (logits.argmax(1) == asked).double()
    by_class = [correct[asked == c].mean().item() for c in range(logits.shape[1])]
    return Report(
        correct.mean().item(),
        by_class,
        recall=covered(real, by=features),
        precision=covered(features, by=real),
        frechet=frechet_distance(features, real),
    )


def judged(classifier, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Logits and features as doubles, in chunks of 250."""
    answers = [classifier(chunk) for chunk in pictures.split(250)]
    return torch.cat([a[0] for a in answers]).double(), torch.cat([a[1] for a in answers]).double()


def covered(points: Tensor, by: Tensor, neighbours: int = NEIGHBOURS) -> float:
    """Share of `points` inside the manifold of `by` (Kynkaanniemi et al. 2019).

    A point is inside when, for some b, it is no farther from b than b's k-th nearest other member. Recall covers real
    by generated, precision the reverse.
    """
    among = _distances(by, by)
    among.fill_diagonal_(float("inf"))
    radii = among.kthvalue(neighbours, dim=1).values
    return (_distances(points, by) <= radii).any(dim=1).double().mean().item()


def frechet_distance(one: Tensor, other: Tensor) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), covariances with N - 1 (Heusel et al. 2017 on our own features)."""
    mean_one, mean_other = one.mean(0), other.mean(0)
    covariance_one, covariance_other = one.T.cov(), other.T.cov()
    # The eigenvalues of C1 C2 are those of the positive semidefinite root(C1) C2 root(C1).
    values, vectors = torch.linalg.eigh(covariance_one)
    root = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
    product = torch.linalg.eigvalsh(root @ covariance_other @ root).clamp(min=0).sqrt().sum()
    traces = covariance_one.trace() + covariance_other.trace()
    return ((mean_one - mean_other).square().sum() + traces - 2 * product).item()


def balanced(pictures: Tensor, labels: Tensor, each: int) -> tuple[Tensor, Tensor]:
    """The first `each` examples of every class, in class order."""
    chosen = torch.cat([(labels == c).nonzero().flatten()[:each] for c in range(int(labels.max()) + 1)])
    return pictures[chosen], labels[chosen]


def _distances(one: Tensor, other: Tensor) -> Tensor:
    # The direct form, not the one through inner products: a duplicate must be at distance exactly 0.
    return torch.cdist(one, other, compute_mode="donot_use_mm_for_euclid_dist")
