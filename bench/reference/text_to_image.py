"""The reference that `./safelight bench text-to-image` compares with: a `StableDiffusionPipeline` of the package `diffusers`
with random weights, saved as a checkpoint and imported as a bundle, so that both sides have the same weights.

Says "ready" when the bundle is there. Reads commands from standard input and answers each with one line:

    measure COUNT SECONDS    whole rounds of COUNT pictures of unlike prompts at a time for at least SECONDS; pictures a second
    picture SEED             the pixels of the picture of that seed, as hex
    cold                     seconds from the checkpoint on the disk to a first picture
"""

import argparse
import gzip
import sys
import tempfile
import time
from pathlib import Path

import diffusers
import numpy as np
import torch
import transformers

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from models.export import import_diffusers, tiny_pipelines  # noqa: E402

MERGES = "version\ni n\nt h\na n\nr e\no n"


def made(scratch: Path) -> diffusers.StableDiffusionPipeline:
    """The shape of Stable Diffusion 1 in small: 128 pixels, a latent of 16 by 16."""
    words = scratch / "merges.gz"
    words.write_bytes(gzip.compress(MERGES.encode()))
    tokenizer = tiny_pipelines.tokenizer(words, "<|endoftext|>")
    torch.manual_seed(1)
    text = transformers.CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=256, intermediate_size=1024, num_hidden_layers=6, num_attention_heads=4,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    return diffusers.StableDiffusionPipeline(
        vae=diffusers.AutoencoderKL(
            down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
            block_out_channels=[32, 64, 64, 64], latent_channels=4, sample_size=128,
        ),
        text_encoder=transformers.CLIPTextModel(text),
        tokenizer=tokenizer,
        unet=diffusers.UNet2DConditionModel(
            sample_size=16, block_out_channels=[64, 128, 256], layers_per_block=1, cross_attention_dim=256, attention_head_dim=8,
            down_block_types=["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
            up_block_types=["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
        ),
        scheduler=diffusers.DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False, steps_offset=1
        ),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def drawn(pipeline: diffusers.StableDiffusionPipeline, seeds: list[int], steps: int, guidance: float) -> np.ndarray:
    made_of = [torch.Generator().manual_seed(seed) for seed in seeds]
    prompts = [f"a red fox number {seed}" for seed in seeds]
    pictures = pipeline(prompts, num_inference_steps=steps, guidance_scale=guidance, generator=made_of, output_type="np").images
    return (pictures * 255).round().astype(np.uint8)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--bundle", type=Path, required=True, help="folder of the bundle, which is made")
    arguments.add_argument("--steps", type=int, required=True)
    arguments.add_argument("--guidance", type=float, required=True)
    arguments.add_argument("--threads", type=int, required=True)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    import_diffusers.quiet()
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = Path(scratch) / "checkpoint"
        made(Path(scratch)).save_pretrained(checkpoint, safe_serialization=True)
        import_diffusers.run(checkpoint, options.bundle, "text-bench")

        def loaded() -> diffusers.StableDiffusionPipeline:
            pipeline = diffusers.StableDiffusionPipeline.from_pretrained(checkpoint, low_cpu_mem_usage=False)
            pipeline.set_progress_bar_config(disable=True)
            return pipeline

        pipeline = loaded()
        print("ready", flush=True)
        for line in sys.stdin:
            begun = time.perf_counter()
            match line.split():
                case ["measure", count, seconds]:
                    pictures = 0
                    while time.perf_counter() - begun < float(seconds):
                        drawn(pipeline, list(range(pictures, pictures + int(count))), options.steps, options.guidance)
                        pictures += int(count)
                    print(pictures / (time.perf_counter() - begun), flush=True)
                case ["picture", seed]:
                    print(drawn(pipeline, [int(seed)], options.steps, options.guidance).tobytes().hex(), flush=True)
                case ["cold"]:
                    drawn(loaded(), [0], options.steps, options.guidance)
                    print(time.perf_counter() - begun, flush=True)


if __name__ == "__main__":
    main()
