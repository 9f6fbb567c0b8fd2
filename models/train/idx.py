"""The IDX files that MNIST and Fashion-MNIST are published in."""

import gzip
import struct
from pathlib import Path

import torch

DEBIAN_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")


def images(folder: Path, split: str) -> torch.Tensor:
    """Pictures of a split ("train" or "t10k"): uint8 [N, 1, height, width]."""
    content, (count, height, width) = _read(folder / f"{split}-images-idx3-ubyte.gz", dimensions=3)
    return content.view(count, 1, height, width)


def labels(folder: Path, split: str) -> torch.Tensor:
    """Class indices of a split: int64 [N]."""
    content, _ = _read(folder / f"{split}-labels-idx1-ubyte.gz", dimensions=1)
    return content.long()


def scaled(pictures: torch.Tensor) -> torch.Tensor:
    """Bytes 0..255 as floats in [-1, 1]."""
    return pictures.float() / 127.5 - 1.0


def _read(path: Path, dimensions: int) -> tuple[torch.Tensor, tuple[int, ...]]:
    raw = gzip.decompress(path.read_bytes())
    magic, *shape = struct.unpack_from(f">{1 + dimensions}I", raw)
    if magic != 0x0800 + dimensions:
        raise ValueError(f"{path} is not an IDX file of unsigned bytes with {dimensions} dimensions")
    content = torch.frombuffer(bytearray(raw), dtype=torch.uint8, offset=4 * (1 + dimensions))
    return content, tuple(shape)
