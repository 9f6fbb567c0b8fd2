"""Stable Diffusion 1.5 at its published size, 860 million parameters of the denoiser, with random weights.

One of three parts a process, since what `./safelight bench full-size` wants to know of each is how much memory it took:

    python bench/reference/full_size.py --folder FOLDER checkpoint     makes FOLDER/checkpoint
    python bench/reference/full_size.py --folder FOLDER bundle         imports it as FOLDER/models/full-size
    python bench/reference/full_size.py --folder FOLDER picture        what the pipeline draws with it: FOLDER/expected.json

Says at last the most memory that it had, in bytes.
"""

import argparse
import gzip
import resource
import sys
from pathlib import Path

import diffusers
import torch
import transformers

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from models.export import import_diffusers, tiny_pipelines  # noqa: E402

NAME = "full-size"
TOKENS = 49408
MERGES = "version\ni n\nt h\na n\nr e\no n"


def checkpoint(folder: Path) -> None:
    """Every number from the configurations that were published; but of the tokens most are never said."""
    words = folder / "merges.gz"
    words.write_bytes(gzip.compress(MERGES.encode()))
    tokenizer = tiny_pipelines.tokenizer(words, "<|endoftext|>")
    torch.manual_seed(1)
    text = transformers.CLIPTextConfig(
        vocab_size=TOKENS, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
        projection_dim=768, hidden_act="quick_gelu",
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    diffusers.StableDiffusionPipeline(
        vae=diffusers.AutoencoderKL(
            down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
            block_out_channels=[128, 256, 512, 512], layers_per_block=2, latent_channels=4, sample_size=512,
        ),
        text_encoder=transformers.CLIPTextModel(text),
        tokenizer=tokenizer,
        unet=diffusers.UNet2DConditionModel(
            sample_size=64, block_out_channels=[320, 640, 1280, 1280], layers_per_block=2, cross_attention_dim=768, attention_head_dim=8,
            down_block_types=["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
            up_block_types=["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
        ),
        scheduler=diffusers.PNDMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, set_alpha_to_one=False, steps_offset=1
        ),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(folder / "checkpoint", safe_serialization=True)  # fmt: skip


def picture(folder: Path, request: dict) -> None:
    pipeline = diffusers.StableDiffusionPipeline.from_pretrained(folder / "checkpoint", low_cpu_mem_usage=False)
    pipeline.set_progress_bar_config(disable=True)
    tiny_pipelines.compact(folder / "expected.json", tiny_pipelines.drawn(pipeline, request))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("part", choices=["checkpoint", "bundle", "picture"])
    arguments.add_argument("--folder", type=Path, required=True)
    arguments.add_argument("--threads", type=int, required=True)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    import_diffusers.quiet()
    match options.part:
        case "checkpoint":
            checkpoint(options.folder)
        case "bundle":
            import_diffusers.run(options.folder / "checkpoint", options.folder / "models" / NAME, NAME)
        case "picture":
            request = {"prompt": "a red fox, oil on canvas", "negative_prompt": "blurry", "seed": 7, "steps": 2, "guidance": 7.5}
            picture(options.folder, request | {"width": 512, "height": 512})
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


if __name__ == "__main__":
    main()
