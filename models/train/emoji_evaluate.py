"""Judges an `emoji` bundle: are its pictures of what was asked for, and how near are they to those it learned from?

    python -m models.train.emoji_evaluate --data DATA --bundle models/emoji --matcher MATCHER --sheets out/sheets

One picture a caption and style, of all its words, by the reference sampler. Retrieval: of the captions of 1,000 subjects, is the
one that was asked for among the five that the matcher finds closest to the picture? By luck, 0.5 %. And without any
network: of the real pictures of those subjects, is the own one among the five that are nearest at 16x16 pixels?
"""

import argparse
import json
from pathlib import Path

import numpy
import torch
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from models.train import emoji_matcher
from models.train.emoji import process
from models.train.emoji_autoencoder import scaled
from models.train.emoji_data import FLAT, SOLID, Subject, load
from models.train.emoji_text import LENGTH, caption, framed, load_tokenizer
from models.train.sampling import dpmpp_2m

AMONG = 1000
TOP = 5


class Bundle:
    """The networks of a bundle, as the product runs them."""

    def __init__(self, folder: Path):
        self.manifest = json.loads((folder / "model.json").read_text())
        self.networks = {
            role: torch.jit.load(folder / entry["file"]).eval() for role, entry in self.manifest["networks"].items()
        }
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def text(self, said: list[str]) -> Tensor:
        ids = torch.tensor([framed(self.tokenizer.encode(text).ids) for text in said])
        return self.networks["text"](ids.float(), torch.ones(len(said), LENGTH))

    def draw(self, said: list[str], seed: int, steps: int, guidance: float) -> Tensor:
        """Bytes [B, 3, 64, 64], in parts of 50 for the memory's sake."""
        randomness = torch.Generator().manual_seed(seed)
        nothing = self.text([""])
        parts = []
        for first in range(0, len(said), 50):
            some = said[first : first + 50]
            x = torch.randn(len(some), *self.manifest["latent"]["shape"], generator=randomness)
            denoise = self._guided(torch.cat([nothing.expand(len(some), -1), self.text(some)]), guidance)
            parts.append(self.networks["decoder"](dpmpp_2m(x, denoise, process(), steps)))
        return ((torch.cat(parts) + 1) * 127.5).clamp(0, 255).round().byte()

    def _guided(self, text: Tensor, guidance: float):
        levels = process()

        def denoise(x: Tensor, index: int) -> tuple[Tensor, Tensor]:
            times = torch.full((2 * len(x),), float(index))
            without, told = self.networks["denoiser"](x.repeat(2, 1, 1, 1), times, text).chunk(2)
            v = without + guidance * (told - without)
            a, s = levels.signal[index].item(), levels.noise[index].item()
            return a * x - s * v, a * v + s * x

        return denoise


class Judge:
    """The matcher, and the captions among which it looks."""

    def __init__(self, matcher: Path, subjects: list[Subject]):
        tokenizer = load_tokenizer(matcher / "tokenizer.json", subjects)
        self.network = emoji_matcher.trained(matcher, tokenizer.get_vocab_size())
        ids = [framed(tokenizer.encode(caption(subject)).ids) for subject in subjects]
        self.words = self.network.words(torch.tensor(ids))

    def found(self, pictures: Tensor, own: Tensor, among: Tensor) -> tuple[float, float]:
        """Shares of the pictures whose own caption is the closest, and among the five closest, of those in `among`."""
        seen = torch.cat([self.network.pictures(scaled(part)) for part in pictures.split(100)])
        likeness = seen @ self.words.T
        closer = (likeness[:, among] > likeness.gather(1, own[:, None])).sum(dim=1)
        return (closer < 1).float().mean().item(), (closer < TOP).float().mean().item()


def nearest_by_eye(pictures: Tensor, real: Tensor, place: Tensor) -> tuple[float, float]:
    """Shares of the pictures whose own real one, at `place` in `real`, is the nearest, and among the five nearest."""
    a, b = (functional.avg_pool2d(part.float(), 4).flatten(1) for part in (pictures, real))
    distance = torch.cdist(a, b)
    closer = (distance < distance.gather(1, place[:, None])).sum(dim=1)
    return (closer < 1).float().mean().item(), (closer < TOP).float().mean().item()


def nearest(pictures: Tensor, learned: Tensor) -> tuple[Tensor, Tensor]:
    """Root mean square distance of each picture to the nearest of `learned`, of brightness 0 to 1, and its place."""
    a, b = pictures.flatten(1).float() / 255, learned.flatten(1).float() / 255
    distance, place = torch.cdist(a, b).min(dim=1)
    return distance / a.shape[1] ** 0.5, place


def chosen(subjects: list[Subject], style: str, held_out: bool, count: int) -> list[int]:
    """Places of so many subjects that have pictures of a style, spread evenly over the list."""
    places = [i for i, subject in enumerate(subjects) if subject.held_out == held_out and style in subject.pictures]
    count = min(count, len(places))
    return [places[i * len(places) // count] for i in range(count)]


def sheet(pictures: Tensor, columns: int, path: Path) -> None:
    rows = len(pictures) // columns
    grid = pictures[: rows * columns].unflatten(0, (rows, columns)).permute(0, 3, 1, 4, 2).flatten(0, 1).flatten(1, 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(numpy.ascontiguousarray(grid.numpy())).quantize(256).save(path, optimize=True)


@torch.inference_mode()
def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True, help="folder of models.train.emoji_data")
    arguments.add_argument("--bundle", type=Path, required=True)
    arguments.add_argument("--matcher", type=Path, help="folder of models.train.emoji_matcher; without it no captions are looked for")
    arguments.add_argument("--sheets", type=Path, help="folder for pictures beside the real ones")
    arguments.add_argument("--count", type=int, default=AMONG, help="of seen captions")
    arguments.add_argument("--steps", type=int, default=25)
    arguments.add_argument("--guidance", type=float, default=3.0)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--threads", type=int, default=1)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    subjects, all_pictures = load(options.data)
    everything = torch.from_numpy(all_pictures)
    bundle = Bundle(options.bundle)
    judge = None if options.matcher is None else Judge(options.matcher, subjects)
    learned = [place for subject in subjects if not subject.held_out for place in subject.places()]
    of_place = {place: i for i, subject in enumerate(subjects) for place in subject.places()}

    for style, held_out in [(FLAT, False), (FLAT, True), (SOLID, False), (SOLID, True)]:
        name = f"{style}, {'held out' if held_out else 'seen'}"
        seen, unseen = (chosen(subjects, style, which, AMONG) for which in (False, True))
        among = torch.tensor(unseen + chosen(subjects, style, False, AMONG - len(unseen)) if held_out else seen)
        asked = unseen if held_out else seen[:: max(1, AMONG // options.count)][: options.count]
        own = torch.tensor(asked)
        real = everything[torch.tensor([subjects[i].pictures[style][""] for i in asked])]
        made = bundle.draw([caption(subjects[i], style) for i in asked], options.seed, options.steps, options.guidance)
        again = torch.cat([
            ((bundle.networks["decoder"](bundle.networks["encoder"](scaled(part))) + 1) * 127.5).clamp(0, 255).round().byte()
            for part in real.split(50)
        ])
        print(f"{name}: {len(asked)} captions among {len(among)}")
        candidates = everything[torch.tensor([subjects[i].pictures[style][""] for i in among.tolist()])]
        at = torch.tensor([among.tolist().index(i) for i in asked])
        for kind, pictures in [("real", real), ("through the autoencoder", again), ("generated", made)]:
            if judge is not None:
                first, five = judge.found(pictures, own, among)
                print(f"  {kind:24} caption closest {first:.3f}  among five {five:.3f}")
            first, five = nearest_by_eye(pictures, candidates, at)
            print(f"  {kind:24} picture nearest {first:.3f}  among five {five:.3f}")
        distance, place = nearest(made, everything[learned])
        same = sum(of_place[learned[at]] == i for at, i in zip(place.tolist(), asked)) / len(asked)
        aside = ((made.float() - real.float()) / 255).square().mean(dim=(1, 2, 3)).sqrt()
        lost = ((again.float() - real.float()) / 255).square().mean(dim=(1, 2, 3)).sqrt()
        # Of a real picture to the nearest other subject's: how near two different emoji are.
        between, _ = nearest_other(real, own, everything[learned], torch.tensor([of_place[at] for at in learned]))
        for what, values in [
            ("nearest learned picture", distance),
            ("its own picture", aside),
            ("own after autoencoder", lost),
            ("real to nearest other", between),
        ]:
            low, middle, high = values.quantile(torch.tensor([0.1, 0.5, 0.9])).tolist()
            print(f"  {what:24} rms {low:.3f} {middle:.3f} {high:.3f} (10, 50, 90 %)")
        if not held_out:
            print(f"  nearest learned picture shows the subject asked for: {same:.3f}")
        if options.sheets is not None:
            # Evenly over the list, none picked: real ones in one row, what was drawn of their captions in the next.
            some = torch.linspace(0, len(asked) - 1, 48).long()
            rows = torch.stack([part for i in range(0, 48, 16) for part in (real[some[i : i + 16]], made[some[i : i + 16]])])
            sheet(rows.flatten(0, 1), 16, options.sheets / f"{name.replace(', ', '-').replace(' ', '-')}.png")


def nearest_other(pictures: Tensor, own: Tensor, learned: Tensor, subject: Tensor) -> tuple[Tensor, Tensor]:
    a, b = pictures.flatten(1).float() / 255, learned.flatten(1).float() / 255
    distance = torch.cdist(a, b).masked_fill(own[:, None] == subject[None], torch.inf)
    nearest, place = distance.min(dim=1)
    return nearest / a.shape[1] ** 0.5, place


if __name__ == "__main__":
    main()
