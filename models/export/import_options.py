"""The command line of `./safelight import`, apart from what it needs PyTorch for: help is to be had at once."""

import argparse
from pathlib import Path

PRECISIONS = ("fp32", "fp16", "bf16")


def read() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(
        prog="safelight import",
        description="Makes a bundle of a checkpoint folder in the layout of the Python package `diffusers`.",
    )
    arguments.add_argument("folder", type=Path, help="checkpoint folder, with model_index.json")
    arguments.add_argument(
        "--models",
        type=Path,
        default=Path("models"),
        help="folder of bundles (default: what SAFELIGHT_MODELS names, or that of this checkout)",
    )
    arguments.add_argument("--name", help="what requests call the model; the folder's name when omitted")
    arguments.add_argument("--precision", choices=PRECISIONS, default="fp32", help="of the weights and inside the networks")
    arguments.add_argument("--lora", action="append", default=[], metavar="FILE[:WEIGHT]", help="LoRA to merge into the weights")
    arguments.add_argument(
        "--switchable-lora", action="append", default=[], metavar="NAME=FILE", help="LoRA that requests may choose, with a weight"
    )
    return arguments.parse_args()


if __name__ == "__main__":
    read()
