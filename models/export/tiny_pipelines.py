"""Pipelines of the package `diffusers` with random weights, small enough for a repository, and what they draw.

For each layout: the pipeline is made and saved, imported as a bundle, and asked for pictures; what it was asked, its final
latents and its pictures become `expected.json`, for the Java tests to arrive at.

    python -m models.export.tiny_pipelines --vocabulary bpe_simple_vocab_16e6.txt.gz --out worker/src/test/resources/text
"""

import argparse
import gzip
import json
import random
import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from transformers import (
    AutoTokenizer,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

from models.export import import_diffusers

# The pipelines of diffusers 0.42 look for the norm behind this name when layers are skipped; transformers 5 has none.
ITSELF = property(lambda self: self)
CLIPTextModel.text_model = ITSELF

DAY = date(2026, 11, 25)
MERGES = 300
SIDE = 8
FACTOR = 2


def vocabulary(source: Path, merges: int) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """The beginning of CLIP's own: bytes, bytes that end a word, then what the first merges make of them."""
    lines = gzip.open(source, "rt", encoding="utf-8").read().split("\n")[1 : 1 + merges]
    pairs = [tuple(line.split()) for line in lines]
    letters = list(_bytes().values())
    words = letters + [letter + "</w>" for letter in letters] + ["".join(pair) for pair in pairs]
    words += ["<|startoftext|>", "<|endoftext|>"]
    return {word: number for number, word in enumerate(words)}, pairs


def _bytes() -> dict[int, str]:
    """GPT-2's letters for the 256 bytes: printable ones stand for themselves."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {byte: chr(byte) for byte in shown}
    letters |= {byte: chr(256 + i) for i, byte in enumerate(b for b in range(256) if b not in letters)}
    return dict(letters)


def tokenizer(source: Path, pad: str, merges: int = MERGES) -> CLIPTokenizer:
    words, pairs = vocabulary(source, merges)
    return CLIPTokenizer(vocab=words, merges=pairs, pad_token=pad, model_max_length=77)


def clip(words: CLIPTokenizer, width: int, layers: int, projected: bool, act: str = "quick_gelu") -> nn.Module:
    config = CLIPTextConfig(
        vocab_size=len(words),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=2,
        projection_dim=width,
        hidden_act=act,
        bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
    )
    return lively((CLIPTextModelWithProjection if projected else CLIPTextModel)(config))


def autoencoder(channels: int = 4, shift: float | None = None) -> AutoencoderKL:
    return lively(
        AutoencoderKL(
            in_channels=3,
            out_channels=3,
            down_block_types=["DownEncoderBlock2D"] * 2,
            up_block_types=["UpDecoderBlock2D"] * 2,
            block_out_channels=[4, 8],
            layers_per_block=1,
            latent_channels=channels,
            norm_num_groups=2,
            sample_size=SIDE * FACTOR,
            scaling_factor=0.7,
            shift_factor=shift,
        )
    )


def unet(width: int, channels: int = 4, **more) -> UNet2DConditionModel:
    return lively(
        UNet2DConditionModel(
            sample_size=SIDE,
            in_channels=channels,
            out_channels=4,
            down_block_types=["CrossAttnDownBlock2D", "DownBlock2D"],
            up_block_types=["UpBlock2D", "CrossAttnUpBlock2D"],
            block_out_channels=[4, 8],
            layers_per_block=1,
            norm_num_groups=2,
            attention_head_dim=2,
            cross_attention_dim=width,
            **more,
        )
    )


def lively(network: nn.Module) -> nn.Module:
    """Fresh weights hardly show what they were told; three times as large they do."""
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if weight.dim() > 1:
                weight.mul_(2.0 if "embed" not in name else 10.0)
    return network.eval()


def sd1(source: Path) -> diffusers.DiffusionPipeline:
    words = tokenizer(source, "<|endoftext|>")
    return diffusers.StableDiffusionPipeline(
        vae=autoencoder(),
        text_encoder=clip(words, 8, 3, False),
        tokenizer=words,
        unet=unet(8),
        scheduler=diffusers.PNDMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            skip_prk_steps=True,
            set_alpha_to_one=False,
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sd1_inpainting(source: Path) -> diffusers.DiffusionPipeline:
    """Trained to see the mask and what is left of the image."""
    words = tokenizer(source, "<|endoftext|>")
    return diffusers.StableDiffusionInpaintPipeline(
        vae=autoencoder(),
        text_encoder=clip(words, 8, 2, False),
        tokenizer=words,
        unet=unet(8, channels=9),
        scheduler=diffusers.DDIMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            clip_sample=False,
            set_alpha_to_one=False,
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sd2(source: Path) -> diffusers.DiffusionPipeline:
    words = tokenizer(source, "!")
    return diffusers.StableDiffusionPipeline(
        vae=autoencoder(),
        text_encoder=clip(words, 8, 2, False, "gelu"),
        tokenizer=words,
        unet=unet(8, use_linear_projection=True),
        scheduler=diffusers.DDIMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            clip_sample=False,
            set_alpha_to_one=False,
            steps_offset=1,
            prediction_type="v_prediction",
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sdxl(source: Path) -> diffusers.DiffusionPipeline:
    first, second = tokenizer(source, "<|endoftext|>"), tokenizer(source, "!")
    return diffusers.StableDiffusionXLPipeline(
        vae=autoencoder(),
        text_encoder=clip(first, 4, 3, False),
        text_encoder_2=clip(second, 8, 3, True, "gelu"),
        tokenizer=first,
        tokenizer_2=second,
        unet=unet(
            12,
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=4,
            projection_class_embeddings_input_dim=8 + 6 * 4,
        ),
        scheduler=diffusers.EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            steps_offset=1,
            timestep_spacing="leading",
        ),
        add_watermarker=False,
    )


def sentences() -> T5Tokenizer:
    """Letters, and a few words."""
    words = [(word, -3.0) for word in ["▁a", "▁red", "▁fox", "▁fog", "▁sun", "ing"]]
    letters = [(letter, -8.0) for letter in "▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,.üä🦊"]
    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -20.0), *words, *letters]
    return T5Tokenizer(vocab=vocab, extra_ids=0, additional_special_tokens=None, model_max_length=512)


def t5(words: T5Tokenizer) -> nn.Module:
    return lively(
        T5EncoderModel(
            T5Config(vocab_size=len(words), d_model=8, d_kv=4, d_ff=16, num_layers=1, num_heads=2, feed_forward_proj="gated-gelu")
        )
    )


def sd3(source: Path, whole: bool = True) -> diffusers.DiffusionPipeline:
    first, second, third = tokenizer(source, "<|endoftext|>", 50), tokenizer(source, "!", 50), sentences()
    return diffusers.StableDiffusion3Pipeline(
        vae=autoencoder(4, 0.1),
        text_encoder=clip(first, 4, 3, True),
        text_encoder_2=clip(second, 4, 3, True, "gelu"),
        text_encoder_3=t5(third) if whole else None,
        tokenizer=first,
        tokenizer_2=second,
        tokenizer_3=third if whole else None,
        transformer=lively(
            diffusers.SD3Transformer2DModel(
                sample_size=SIDE,
                patch_size=2,
                in_channels=4,
                num_layers=2,
                attention_head_dim=4,
                num_attention_heads=2,
                joint_attention_dim=8,
                caption_projection_dim=8,
                pooled_projection_dim=8,
                out_channels=4,
                pos_embed_max_size=16,
            )
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
    )


def sd3_without_t5(source: Path) -> diffusers.DiffusionPipeline:
    """What people load who lack the room; its noise levels depend on the size, as those of 3.5 can."""
    pipeline = sd3(source, whole=False)
    pipeline.scheduler = diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, base_image_seq_len=4, max_image_seq_len=64)
    return pipeline


def flux(source: Path, guided: bool = True) -> diffusers.DiffusionPipeline:
    first, second = tokenizer(source, "<|endoftext|>", 50), sentences()
    return diffusers.FluxPipeline(
        vae=autoencoder(4, 0.1),
        text_encoder=clip(first, 8, 2, False),
        text_encoder_2=t5(second),
        tokenizer=first,
        tokenizer_2=second,
        transformer=lively(
            diffusers.FluxTransformer2DModel(
                in_channels=16,
                num_layers=1,
                num_single_layers=1,
                attention_head_dim=8,
                num_attention_heads=2,
                joint_attention_dim=8,
                pooled_projection_dim=8,
                guidance_embeds=guided,
                axes_dims_rope=(2, 2, 4),
            )
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(
            use_dynamic_shifting=True, base_image_seq_len=4, max_image_seq_len=64, base_shift=0.5, max_shift=1.15
        ),
    )


# What of a Stable Diffusion 1 two LoRAs change: both a query, each something that the other leaves alone.
LORAS = {
    "style": {
        "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q": 2,
        "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_out.0": 3,
        "unet.up_blocks.1.attentions.0.transformer_blocks.0.ff.net.0.proj": 2,
        "unet.down_blocks.0.resnets.0.conv1": 2,
        "unet.down_blocks.0.attentions.0.proj_in": 2,
        "text_encoder.text_model.encoder.layers.0.self_attn.q_proj": 2,
    },
    "sketch": {
        "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q": 1,
        "unet.up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k": 2,
        "unet.down_blocks.0.downsamplers.0.conv": 1,
    },
}


def loras(pipeline: diffusers.DiffusionPipeline, folder: Path) -> list[str]:
    """Writes the two, as trainers do, and loads them into the pipeline. @return what the import is told"""
    words = []
    # Its loader takes a model that has one for a model of transformers 4.
    del CLIPTextModel.text_model
    for number, (name, places) in enumerate(LORAS.items()):
        torch.manual_seed(100 + number)
        tensors = {}
        for place, rank in places.items():
            part, path = place.split(".", 1)
            # The second time the layer has adapters around it.
            module = getattr(pipeline, part).get_submodule(path.removeprefix("text_model."))
            outside, inside, *window = module.weight.shape
            tensors[f"{place}.lora_A.weight"] = torch.randn(rank, inside, *window)
            tensors[f"{place}.lora_B.weight"] = torch.randn(outside, rank, *[1] * len(window)) / 2
        file = folder / f"{name}.safetensors"
        save_file(tensors, file)
        pipeline.load_lora_weights(folder, weight_name=file.name, adapter_name=name)
        words.append(f"{name}={file}")
    CLIPTextModel.text_model = ITSELF
    return words


LAYOUTS: dict[str, Callable[[Path], diffusers.DiffusionPipeline]] = {
    "sd1": sd1,
    "sd1-inpainting": sd1_inpainting,
    "sd2": sd2,
    "sdxl": sdxl,
    "sd3": sd3,
    "sd3-without-t5": sd3_without_t5,
    "flux": flux,
}

REQUESTS = [
    {"prompt": "a red fox, oil on canvas", "negative_prompt": "blurry", "seed": 7, "steps": 4, "guidance": 3.0},
    {"prompt": "Zwei Füchse 🦊 im Schnee", "seed": 8, "steps": 3, "guidance": 7.5, "width": 24, "height": 16},
    {"prompt": "fog", "negative_prompt": "sun, light", "seed": 9, "steps": 3, "guidance": 2.0, "clip_skip": 1},
]
# The network is told of the guidance, and has nothing to get away from.
FLUX_REQUESTS = [
    {"prompt": "a red fox, oil on canvas", "seed": 7, "steps": 4, "guidance": 3.0},
    {"prompt": "Zwei Füchse 🦊 im Schnee", "seed": 8, "steps": 3, "guidance": 7.5, "width": 24, "height": 16},
]
LORA_REQUESTS = [
    REQUESTS[0],
    REQUESTS[0] | {"loras": [{"name": "style", "weight": 0.8}]},
    REQUESTS[0] | {"loras": [{"name": "sketch", "weight": 1.0}, {"name": "style", "weight": -0.5}]},
    REQUESTS[1] | {"loras": [{"name": "sketch", "weight": 0.5}]},
]
RESCALED = REQUESTS[0] | {"guidance": 7.5, "guidance_rescale": 0.7}
TEXT_REQUESTS = {"sd1": [*REQUESTS, RESCALED], "sdxl": [*REQUESTS, RESCALED], "sd1-inpainting": [], "flux": FLUX_REQUESTS}

FOX = {"prompt": "a red fox", "negative_prompt": "fog", "seed": 3, "steps": 4, "guidance": 3.0}
TOLD_FOX = {"prompt": "a red fox", "seed": 3, "steps": 4, "guidance": 3.0}
# From an image, where "masked" with its right half kept.
IMAGE_REQUESTS = {
    "sd1": [
        FOX | {"sampler": "ddim", "strength": 0.5},
        FOX | {"sampler": "ddim", "eta": 1.0, "strength": 0.75},
        FOX | {"sampler": "ddim", "strength": 0.75, "masked": True},
        FOX | {"sampler": "ddim", "strength": 1.0, "masked": True},
        FOX | {"sampler": "ddim", "eta": 1.0, "strength": 1.0, "masked": True},
    ],
    "sd1-inpainting": [
        FOX | {"sampler": "ddim", "strength": 1.0, "masked": True},
        FOX | {"sampler": "ddim", "eta": 1.0, "strength": 0.75, "masked": True},
    ],
    "sdxl": [
        FOX | {"sampler": "euler", "strength": 0.5},
        FOX | {"sampler": "euler", "strength": 0.75, "masked": True},
    ],
    "sd3": [
        FOX | {"sampler": "flow-euler", "strength": 0.5},
        FOX | {"sampler": "flow-euler", "strength": 0.75, "masked": True},
        FOX | {"sampler": "flow-euler", "strength": 1.0, "masked": True},
    ],
    "flux": [
        TOLD_FOX | {"sampler": "flow-euler", "strength": 0.5},
        TOLD_FOX | {"sampler": "flow-euler", "strength": 0.75, "masked": True},
        TOLD_FOX | {"sampler": "flow-euler", "strength": 1.0, "masked": True},
    ],
}
IMAGE_PIPELINES = {
    "sd1": (diffusers.StableDiffusionImg2ImgPipeline, diffusers.StableDiffusionInpaintPipeline),
    "sd1-inpainting": (None, diffusers.StableDiffusionInpaintPipeline),
    "sdxl": (diffusers.StableDiffusionXLImg2ImgPipeline, diffusers.StableDiffusionXLInpaintPipeline),
    "sd3": (diffusers.StableDiffusion3Img2ImgPipeline, diffusers.StableDiffusion3InpaintPipeline),
    "flux": (diffusers.FluxImg2ImgPipeline, diffusers.FluxInpaintPipeline),
}
SCHEDULERS = {"ddim": diffusers.DDIMScheduler}


def drawn(pipeline: diffusers.DiffusionPipeline, request: dict, **more) -> dict:
    """What the package makes of a request: final latents and the picture's bytes."""
    width, height = request.get("width", SIDE * FACTOR), request.get("height", SIDE * FACTOR)
    said = {
        "prompt": request["prompt"],
        "num_inference_steps": request["steps"],
        "guidance_scale": request["guidance"],
        "width": width,
        "height": height,
    } | more
    for field in ("negative_prompt", "clip_skip", "eta", "guidance_rescale"):
        if field in request:
            said[field] = request[field]
    if "loras" in request:
        pipeline.set_adapters([one["name"] for one in request["loras"]], [one["weight"] for one in request["loras"]])
    packed = isinstance(pipeline, diffusers.FluxPipeline | diffusers.FluxImg2ImgPipeline | diffusers.FluxInpaintPipeline)
    if isinstance(pipeline.scheduler, diffusers.FlowMatchEulerDiscreteScheduler) and not packed:
        # Left alone, the scheduler shifts the lowest noise level twice, see trajectories.py.
        said["sigmas"] = np.linspace(1.0, 1 / 1000, request["steps"]).tolist()
    kept = {}

    def keep(_pipeline, _step, _time, values):
        kept["latents"] = values["latents"]
        return values

    def generator():
        return torch.Generator().manual_seed(request["seed"])

    picture = pipeline(**said, generator=generator(), output_type="np", callback_on_step_end=keep).images[0]
    pixels = (np.asarray(picture) * 255).round().astype(np.uint8)
    latents = kept["latents"]
    if packed:
        latents = pipeline._unpack_latents(latents, height, width, FACTOR)
    return {
        "request": request,
        "latents": [float(f"{value:.9g}") for value in latents.flatten().tolist()],
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "pixels": pixels.flatten().tolist(),
    }


def original() -> Image.Image:
    """Soft, and nowhere the same."""
    side = SIDE * FACTOR
    rows, columns = np.mgrid[0:side, 0:side]
    colours = [30 + 12 * columns, 220 - 11 * rows, 60 + 5 * (rows + columns)]
    return Image.fromarray(np.stack(colours, axis=-1).astype(np.uint8))


def mask() -> Image.Image:
    """The left half is drawn."""
    side = SIDE * FACTOR
    drawn_part = np.zeros((side, side), dtype=np.uint8)
    drawn_part[:, : side // 2] = 255
    return Image.fromarray(drawn_part)


def drawn_from_image(name: str, pipeline: diffusers.DiffusionPipeline, request: dict) -> dict:
    plain, masked = IMAGE_PIPELINES[name]
    more = {"image": original(), "strength": request["strength"]}
    if request.get("masked"):
        more["mask_image"] = mask()
    other = (masked if request.get("masked") else plain).from_pipe(pipeline)
    other.set_progress_bar_config(disable=True)
    if request["sampler"] in SCHEDULERS:
        other.scheduler = SCHEDULERS[request["sampler"]].from_config(pipeline.scheduler.config, clip_sample=False)
    if not isinstance(other, diffusers.StableDiffusion3InpaintPipeline):
        return drawn(other, request, **more)
    # It tells networks that know nothing of masks by their 16 channels, and does nothing else with that number.
    channels = other.transformer.config.in_channels
    other.transformer.register_to_config(in_channels=16)
    try:
        return drawn(other, request, **more)
    finally:
        other.transformer.register_to_config(in_channels=channels)


def compact(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n")


def odd_prompts(count: int) -> list[str]:
    """Empty, blank, long, of several scripts, full of signs: what people and programs send."""
    randomness = random.Random(3)
    words = ["fox", "Straße", "çà", "naïve", "日本語", "русский", "עברית", "العربية", "हिन्दी", "ไทย", "🦊", "👩‍👩‍👧", "🇩🇪", "ﬁ"]
    words += ["<|endoftext|>", "<|startoftext|>", "</w>", "don't", "WE'LL", "3.14", "1,000,000", "a\tb", "x\n\ny", "\u00a0", "\u200b"]
    words += ["e\u0301", "Å", "Ａｂｃ", "()", "(a:1.2)", "[b]", "{c|d}", "\\", "\"", "'", "''s", "--", "…", "½", "²", "\ufeff", "￼"]
    prompts = ["", " ", "  \n ", "!", "a", "fox " * 200, "🦊" * 100, "a" * 400, "1" * 90, "<|endoftext|>" * 3]
    while len(prompts) < count:
        some = randomness.choices(words, k=randomness.choice([1, 1, 2, 2, 3, 3, 5, 8, 12, 40]))
        prompts.append(randomness.choice(["", " ", ", ", "  "]).join(some))
    return prompts


def ids(source: Path, merges: int, out: Path) -> None:
    """What the tokenizer makes of odd prompts, and the tokenizer."""
    with tempfile.TemporaryDirectory() as scratch:
        tokenizer(source, "<|endoftext|>", merges).save_pretrained(scratch)
        bundle = import_diffusers.Bundle(out, torch.float32)
        entry = bundle.tokenizer(Path(scratch), 1)
        read = AutoTokenizer.from_pretrained(scratch)
    prompts = odd_prompts(500)
    found = [read(p, padding="max_length", max_length=77, truncation=True).input_ids for p in prompts]
    content = {"tokenizer": entry, "prompts": prompts, "ids": _short(found, entry["pad"])}
    compact(out / "prompts.json", content)


def _short(rows: list[list[int]], pad: int) -> list[list[int]]:
    """Without the padding at the end but for the first of it."""
    short = []
    for row in rows:
        end = len(row)
        while end > 1 and row[end - 1] == pad and row[end - 2] == pad:
            end -= 1
        short.append(row[:end])
    return short


def with_loras(source: Path, out: Path) -> None:
    """Needs the package peft, with which diffusers loads them."""
    torch.manual_seed(1)
    pipeline = sd1(source)
    pipeline.set_progress_bar_config(disable=True)
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = Path(scratch) / "checkpoint"
        pipeline.save_pretrained(checkpoint, safe_serialization=True)
        words = loras(pipeline, Path(scratch))
        shutil.rmtree(out, ignore_errors=True)
        import_diffusers.run(checkpoint, out, "sd1-loras", day=DAY, switchable=words)
    expected = []
    for request in LORA_REQUESTS:
        (pipeline.enable_lora if "loras" in request else pipeline.disable_lora)()
        expected.append(drawn(pipeline, request))
    compact(out / "expected.json", expected)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--vocabulary", type=Path, required=True, help="bpe_simple_vocab_16e6.txt.gz of open_clip_torch")
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--only", choices=[*LAYOUTS, "sd1-loras", "ids"])
    arguments.add_argument("--merges", type=int, default=MERGES, help="of the tokenizer of the odd prompts; CLIP has 48894")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    for name, make in LAYOUTS.items():
        if options.only in (None, name):
            torch.manual_seed(1)
            pipeline = make(options.vocabulary)
            pipeline.set_progress_bar_config(disable=True)
            with tempfile.TemporaryDirectory() as scratch:
                pipeline.save_pretrained(scratch, safe_serialization=True)
                folder = options.out / name
                shutil.rmtree(folder, ignore_errors=True)
                import_diffusers.run(Path(scratch), folder, name, day=DAY)
            compact(folder / "expected.json", [drawn(pipeline, request) for request in TEXT_REQUESTS.get(name, REQUESTS)])
            if name in IMAGE_REQUESTS:
                runs = [drawn_from_image(name, pipeline, request) for request in IMAGE_REQUESTS[name]]
                image, part = (np.asarray(picture).flatten().tolist() for picture in (original(), mask()))
                compact(folder / "images.json", {"image": image, "mask": part, "runs": runs})
    if options.only in (None, "sd1-loras"):
        with_loras(options.vocabulary, options.out / "sd1-loras")
    if options.only in (None, "ids"):
        ids(options.vocabulary, options.merges, options.out / "tokenizer")


if __name__ == "__main__":
    main()
