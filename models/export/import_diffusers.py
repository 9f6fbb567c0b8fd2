"""Makes a bundle of a checkpoint folder in the layout of the Python package `diffusers`.

    python -m models.export.import_diffusers FOLDER --models models --name NAME
"""

import json
import re
import shutil
import sys
from datetime import date
from pathlib import Path

import diffusers
import torch
import transformers
from diffusers import AutoencoderKL, FluxTransformer2DModel, SD3Transformer2DModel, UNet2DConditionModel
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn
from transformers import AutoTokenizer, CLIPTextModel, CLIPTextModelWithProjection, T5EncoderModel

from models.export import golden, import_options, lora, noise_schedules, torchscript
from models.export.checkpoint import Checkpoint, Refused
from models.export.text_networks import (
    ClipText,
    ClipTower,
    Decoder,
    Encoder,
    FluxText,
    PackedDenoiser,
    T5Tower,
    TransformerDenoiser,
    TripleText,
    UnetDenoiser,
)

PRECISIONS = dict(zip(import_options.PRECISIONS, (torch.float32, torch.float16, torch.bfloat16)))
# What the pipelines of diffusers read of a prompt when they are not told otherwise.
T5_TOKENS = 256
FLUX_TOKENS = 512
NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
# A larger golden recording would say nothing more.
MOST_GOLDEN = 20_000


class Bundle:
    """A folder that becomes one: networks, tokenizers and the manifest's parts."""

    def __init__(
        self, out: Path, kind: torch.dtype, changes: list[lora.Changes] | None = None, switchable: lora.Switchable | None = None
    ):
        self.out, self.kind, self.changes = out, kind, changes or []
        self.switchable = switchable or lora.Switchable([])
        self.networks: dict[str, dict] = {}
        self.parameters = 0
        self.recordings: dict[str, dict] = {}
        out.mkdir(parents=True, exist_ok=True)

    def add(
        self,
        role: str,
        network: nn.Module,
        inputs: list[str],
        examples: list[tuple[Tensor, ...]],
        rows: int,
        shapes: dict[str, list[int]] | None = None,
    ) -> None:
        """The first example is traced, the others, of other sizes, must come out alike."""
        file = self.out / f"{role}.pt"
        switched = self.switchable.around(network)
        if switched is not network:
            count = len(self.switchable.names)
            inputs = [*inputs, "loras"]
            shapes = (shapes or {}) | {"loras": [count]}
            examples = [(*example, noise((len(example[0]), count), 50)) for example in examples]
            network = switched
        with torch.inference_mode():
            saved = torchscript.export(network, examples[0], file, **self._close())
            for example in examples[1:]:
                torch.testing.assert_close(saved(*example), network(*example), **self._close())
            answer = saved(*(argument[:1] for argument in examples[0]))
        self.parameters += torchscript.parameters(network)
        self.networks[role] = {
            "file": file.name,
            "sha256": torchscript.sha256(file),
            "inputs": inputs,
            "maxRows": rows,
        } | ({"shapes": shapes} if shapes else {})
        given = {name: argument[:1] for name, argument in zip(inputs, examples[0])}
        if sum(value.numel() for value in given.values()) + answer.numel() <= MOST_GOLDEN:
            self.recordings[role] = {"inputs": given, "outputs": {"answer": answer}}

    def _close(self) -> dict:
        return {"rtol": 1e-3, "atol": 1e-4} if self.kind == torch.float32 else {"rtol": 5e-2, "atol": 5e-2}

    def changed(self, network: nn.Module, plain: list[str], flat: list[str]) -> nn.Module:
        """With the low-rank changes that were asked for."""
        for change in self.changes:
            change.merge(network, plain, flat)
        self.switchable.put_into(network, plain, flat)
        return network

    def tokenizer(self, folder: Path, number: int, length: int | None = None) -> dict:
        """Writes its tokenizer.json. Padding and truncation are the reader's: they depend on the encoder."""
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        backend = tokenizer.backend_tokenizer
        backend.no_padding()
        backend.no_truncation()
        end = "" if number == 1 else f"-{number}"
        file = self.out / f"tokenizer{end}.json"
        file.write_text(backend.to_str())
        around = tokenizer("").input_ids
        return {
            "input": f"tokens{end}",
            "weights": f"weights{end}",
            "file": file.name,
            "sha256": torchscript.sha256(file),
            "length": length or tokenizer.model_max_length,
            "begin": around[:-1],
            "end": around[-1:],
            "pad": tokenizer.pad_token_id,
        }

    def save(self, manifest: dict, tolerance: float) -> None:
        if self.recordings:
            golden.write(self.out / "golden.json", tolerance, self.recordings)
            manifest["golden"] = {"file": "golden.json"}
        (self.out / "model.json").write_text(json.dumps(manifest, indent=2) + "\n")


def load(kind: type, folder: Path, dtype: torch.dtype) -> nn.Module:
    """Weights from safetensors and nothing else."""
    # Without being told, diffusers advises to install what would load them some other way.
    own = {"low_cpu_mem_usage": False} if issubclass(kind, ModelMixin) else {}
    return kind.from_pretrained(folder, use_safetensors=True, local_files_only=True, torch_dtype=dtype, **own).eval()


def noise(shape: tuple[int, ...], seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def text_examples(text: nn.Module, tokenizers: list[dict]) -> tuple[Tensor, ...]:
    """Ids that are words, an end and padding, where it can be with three different layers left out."""
    arguments = []
    for entry in tokenizers:
        words = torch.arange(3, 3 + 3 * 5).reshape(3, 5)
        ids = torch.full((3, entry["length"]), entry["pad"])
        whole = torch.cat([torch.tensor(entry["begin"], dtype=torch.long).expand(3, -1), words, torch.tensor(entry["end"]).expand(3, -1)], 1)
        ids[:, : whole.shape[1]] = whole
        arguments.append(ids.float())
        if "weights" in entry:
            weights = torch.ones(3, entry["length"])
            weights[1, 2] = 1.3
            arguments.append(weights)
    return tuple(arguments) + (torch.tensor([0.0, 1.0, 0.0]),) * ("skip" in text.inputs())


def clip(checkpoint: Checkpoint, bundle: Bundle, kind: type, number: int, trainer: str) -> nn.Module:
    """A text encoder, with what LoRA files change of it; they know its insides by the names of transformers 4."""
    part = "text_encoder" if number == 1 else f"text_encoder_{number}"
    model = load(kind, checkpoint.weights(part), bundle.kind)
    inner = getattr(model, "text_model", model)
    bundle.changed(inner, [f"{part}.text_model"], [f"lora_{trainer}_text_model"])
    return model


def unet_bundle(checkpoint: Checkpoint, bundle: Bundle) -> dict:
    """Stable Diffusion 1, 2 and XL. @return parts of the manifest"""
    large = checkpoint.has("text_encoder_2")
    kind = bundle.kind
    tokenizers = [bundle.tokenizer(checkpoint.part("tokenizer"), 1)]
    if large:
        tokenizers.append(bundle.tokenizer(checkpoint.part("tokenizer_2"), 2))
        towers = [
            ClipTower(clip(checkpoint, bundle, CLIPTextModel, 1, "te1"), 1, False),
            ClipTower(clip(checkpoint, bundle, CLIPTextModelWithProjection, 2, "te2"), 1, False),
        ]
    else:
        towers = [ClipTower(clip(checkpoint, bundle, CLIPTextModel, 1, "te"), 0, True)]
    text = ClipText(towers, pooled=large).eval()
    examples = text_examples(text, tokenizers)
    shapes = {name: list(argument.shape[1:]) for name, argument in zip(text.inputs(), examples)}
    bundle.add("text", text, text.inputs(), [examples], 8, shapes)

    vae = load(AutoencoderKL, checkpoint.weights("vae"), kind)
    unet = bundle.changed(load(UNet2DConditionModel, checkpoint.weights("unet"), kind), ["unet"], ["lora_unet"])
    channels = vae.config.latent_channels
    factor = 2 ** (len(vae.config.block_out_channels) - 1)
    fold = 2 ** (len(unet.config.block_out_channels) - 1)
    side = unet.config.sample_size
    add_autoencoder(bundle, vae, channels, factor, fold)

    denoiser = UnetDenoiser(unet, text.layout, channels)
    tokens, width, pooled = text.layout
    count = tokens * width + pooled
    more = {"text": [count]} | ({"size": [6]} if denoiser.sized else {})
    given = [
        denoiser_example(denoiser.inputs(), channels, count, height, width, seed)
        for seed, (height, width) in enumerate([(2 * fold, 2 * fold), (3 * fold, 2 * fold)])
    ]
    bundle.add("denoiser", denoiser, denoiser.inputs(), given, 16, more)
    layers = min(tower.layer_count - tower.base for tower in towers)
    zeros = large and checkpoint.index.get("force_zeros_for_empty_prompt", True)
    return {
        "latent": {"shape": [channels, side, side], "range": [-4, 4]},
        "image": {"shape": [3, side * factor, side * factor], "range": [-1, 1]},
        "sizes": sizes(factor * fold, side * factor),
        "conditioning": {
            "kind": "text",
            "text": {"tokenizers": tokenizers, "unsaid": "zeros" if zeros else "empty", "layers": layers},
        },
        "guidance": 5.0 if large else 7.5,
        "steps": 50,
    }


def triple_bundle(checkpoint: Checkpoint, bundle: Bundle) -> dict:
    """Stable Diffusion 3, with its T5 encoder or without. @return parts of the manifest"""
    kind = bundle.kind
    whole = checkpoint.has("text_encoder_3")
    tokenizers = [
        bundle.tokenizer(checkpoint.part("tokenizer"), 1),
        bundle.tokenizer(checkpoint.part("tokenizer_2"), 2),
    ]
    if whole:
        tokenizers.append(bundle.tokenizer(checkpoint.part("tokenizer_3"), 3, T5_TOKENS))
    towers = [
        ClipTower(clip(checkpoint, bundle, CLIPTextModelWithProjection, 1, "te1"), 1, False),
        ClipTower(clip(checkpoint, bundle, CLIPTextModelWithProjection, 2, "te2"), 1, False),
    ]
    t5 = T5Tower(load(T5EncoderModel, checkpoint.weights("text_encoder_3"), kind), T5_TOKENS) if whole else None
    text = TripleText(towers, t5, checkpoint.config("transformer")["joint_attention_dim"]).eval()
    examples = text_examples(text, tokenizers)
    shapes = {name: list(argument.shape[1:]) for name, argument in zip(text.inputs(), examples)}
    bundle.add("text", text, text.inputs(), [examples], 8, shapes)

    vae = load(AutoencoderKL, checkpoint.weights("vae"), kind)
    transformer = load(SD3Transformer2DModel, checkpoint.weights("transformer"), kind)
    bundle.changed(transformer, ["transformer"], ["lora_transformer"])
    channels = vae.config.latent_channels
    factor = 2 ** (len(vae.config.block_out_channels) - 1)
    fold = transformer.config.patch_size
    side = transformer.config.sample_size
    add_autoencoder(bundle, vae, channels, factor, fold)
    denoiser = TransformerDenoiser(transformer, text.layout, 0 if whole else T5_TOKENS)
    tokens, width, pooled = text.layout
    count = tokens * width + pooled
    given = [
        denoiser_example(denoiser.inputs(), channels, count, height, columns, seed)
        for seed, (height, columns) in enumerate([(2 * fold, 2 * fold), (3 * fold, 2 * fold)])
    ]
    bundle.add("denoiser", denoiser, denoiser.inputs(), given, 16, {"text": [count]})
    return {
        "latent": {"shape": [channels, side, side], "range": [-4, 4]},
        "image": {"shape": [3, side * factor, side * factor], "range": [-1, 1]},
        # Further out the transformer has no places.
        "sizes": sizes(factor * fold, side * factor) | {"most": factor * fold * transformer.config.pos_embed_max_size},
        "process": {"timeScale": 1000.0},
        "patch": fold,
        "spacing": "linspace",
        "conditioning": {
            "kind": "text",
            "text": {
                "tokenizers": tokenizers,
                "unsaid": "empty",
                "layers": min(tower.layer_count - tower.base for tower in towers),
            },
        },
        "guidance": 7.0,
        "steps": 28,
    }


def flux_bundle(checkpoint: Checkpoint, bundle: Bundle) -> dict:
    """FLUX.1. @return parts of the manifest"""
    kind = bundle.kind
    tokenizers = [
        # Of a weighted word CLIP says nothing: it says one thing of the whole.
        {key: value for key, value in bundle.tokenizer(checkpoint.part("tokenizer"), 1).items() if key != "weights"},
        bundle.tokenizer(checkpoint.part("tokenizer_2"), 2, FLUX_TOKENS),
    ]
    tower = ClipTower(clip(checkpoint, bundle, CLIPTextModel, 1, "te1"), 0, True)
    t5 = T5Tower(load(T5EncoderModel, checkpoint.weights("text_encoder_2"), kind), FLUX_TOKENS)
    text = FluxText(tower, t5).eval()
    examples = text_examples(text, tokenizers)
    shapes = {name: list(argument.shape[1:]) for name, argument in zip(text.inputs(), examples)}
    bundle.add("text", text, text.inputs(), [examples], 8, shapes)

    vae = load(AutoencoderKL, checkpoint.weights("vae"), kind)
    transformer = load(FluxTransformer2DModel, checkpoint.weights("transformer"), kind)
    bundle.changed(transformer, ["transformer"], ["lora_transformer"])
    channels = vae.config.latent_channels
    factor = 2 ** (len(vae.config.block_out_channels) - 1)
    side = vae.config.sample_size
    add_autoencoder(bundle, vae, channels, factor, 2)
    denoiser = PackedDenoiser(transformer, text.layout)
    tokens, width, pooled = text.layout
    count = tokens * width + pooled
    given = [denoiser_example(denoiser.inputs(), channels, count, rows, 4, seed) for seed, rows in enumerate([4, 6])]
    more = {"text": [count]}
    bundle.add("denoiser", denoiser, denoiser.inputs(), given, 16, more)
    return {
        "latent": {"shape": [channels, side // factor, side // factor], "range": [-4, 4]},
        "image": {"shape": [3, side, side], "range": [-1, 1]},
        "sizes": sizes(2 * factor, side),
        "process": {"timeScale": 1000.0},
        "patch": 2,
        "spacing": "trailing",
        "conditioning": {"kind": "text", "text": {"tokenizers": tokenizers, "unsaid": "empty", "layers": 1}},
        "guidance": 3.5 if denoiser.guided else 1.0,
        "steps": 28 if denoiser.guided else 4,
    }


def denoiser_example(inputs: list[str], channels: int, text: int, height: int, width: int, seed: int) -> tuple[Tensor, ...]:
    made = {
        "x": noise((3, channels, height, width), seed),
        "t": torch.tensor([1.0, 500.0, 999.0]),
        "text": noise((3, text), seed + 10),
        "mask": (noise((3, 1, height, width), seed + 20) > 0).float(),
        "masked": noise((3, channels, height, width), seed + 30),
        "guidance": torch.tensor([[1.0], [3.5], [7.0]]),
        "size": torch.tensor([[64.0, 64.0, 0.0, 0.0, 64.0, 64.0]]).repeat(3, 1),
    }
    return tuple(made[name] for name in inputs)


def add_autoencoder(bundle: Bundle, vae: nn.Module, channels: int, factor: int, fold: int) -> None:
    pictures = [noise((3, 3, factor * rows, factor * fold), 3).clamp(-1, 1) for rows in (fold, 2 * fold)]
    latents = [noise((3, channels, rows, fold), 4) for rows in (fold, 2 * fold)]
    bundle.add("encoder", Encoder(vae), ["x"], [(picture,) for picture in pictures], 4)
    bundle.add("decoder", Decoder(vae), ["x"], [(latent,) for latent in latents], 4)


def sizes(multiple: int, side: int) -> dict:
    return {"multiple": multiple, "least": multiple, "most": 4 * side, "pixels": 4 * side * side}


def tiles(parts: dict) -> dict:
    """Beyond a million pixels, or twice the checkpoint's own size, decoding at once takes many gigabytes."""
    side = parts["latent"]["shape"][1]
    own = parts["image"]["shape"][1] * parts["image"]["shape"][2]
    return {"pixels": max(2 * own, 1024 * 1024), "side": max(side // 2, 16), "overlap": max(side // 8, 4)}


LAYOUTS = {
    "FluxPipeline": flux_bundle,
    "StableDiffusion3Pipeline": triple_bundle,
    "StableDiffusionPipeline": unet_bundle,
    "StableDiffusionInpaintPipeline": unet_bundle,
    "StableDiffusionImg2ImgPipeline": unet_bundle,
    "StableDiffusionXLPipeline": unet_bundle,
    "StableDiffusionXLImg2ImgPipeline": unet_bundle,
    "StableDiffusionXLInpaintPipeline": unet_bundle,
}


def run(
    folder: Path,
    out: Path,
    name: str,
    precision: str = "fp32",
    day: date | None = None,
    loras: list[str] | None = None,
    switchable: list[str] | None = None,
) -> None:
    """@raise Refused when the folder cannot be imported"""
    checkpoint = Checkpoint(folder)
    if checkpoint.pipeline not in LAYOUTS:
        raise Refused(f"a {checkpoint.pipeline} cannot be imported; known are {', '.join(sorted(LAYOUTS))}")
    if not NAME.fullmatch(name):
        raise Refused(f"{name!r} is no name for a model: lower case letters, digits, dots and dashes")
    process, chosen = noise_schedules.read(checkpoint.scheduler())
    bundle = Bundle(out, PRECISIONS[precision], lora.parse(loras or []), lora.Switchable(switchable or []))
    parts = LAYOUTS[checkpoint.pipeline](checkpoint, bundle)
    if "sizedShift" in process["schedule"]:
        process["schedule"]["sizedShift"]["patch"] = parts["patch"]
    for change in bundle.changes + bundle.switchable.changes:
        change.finish()
    for paper in checkpoint.papers():
        (out / "origin").mkdir(exist_ok=True)
        shutil.copyfile(paper, out / "origin" / paper.name)
    manifest = {
        "format": 1,
        "name": name,
        "title": name,
        "description": f"Text to image, imported from a {checkpoint.pipeline} ({precision})."
        + "".join(f" With {change.file.name} at {change.weight:g}." for change in bundle.changes),
        "author": "see origin/",
        "date": (day or date.today()).isoformat(),
        "license": {"weights": checkpoint.licence(), "data": "see origin/"},
        "parameters": bundle.parameters,
        "queue": "default",
        "networks": bundle.networks,
        "latent": parts["latent"],
        "image": parts["image"],
        "sizes": parts["sizes"],
        "process": process | parts.get("process", {}),
        "conditioning": parts["conditioning"],
        "decoder": {"kind": "network", "tiles": tiles(parts)},
        "defaults": {
            "sampler": chosen["sampler"],
            "steps": parts["steps"],
            "guidance": parts["guidance"],
            "spacing": parts.get("spacing", chosen["spacing"]),
            "eta": 0.0,
        }
        | ({"sigmas": chosen["sigmas"]} if "sigmas" in chosen else {}),
        "limits": {"steps": 1000, "count": 8},
    }
    if bundle.switchable.names:
        # A worker that knows nothing of them cannot run the networks.
        manifest |= {"format": 2, "loras": bundle.switchable.names}
    bundle.save(manifest, 1e-3 if precision == "fp32" else 0.1)


def quiet() -> None:
    """Lets the libraries say errors only: the rest is for whoever writes programs with them."""
    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()


def main() -> None:
    options = import_options.read()
    name = options.name or re.sub(r"[^a-z0-9.-]+", "-", options.folder.resolve().name.lower()).strip(".-")
    out = options.models / name
    if out.exists():
        sys.exit(f"{out} is there already; remove it, or choose another name")
    quiet()
    # Under another name until it is whole, so that no worker reads half of it.
    partial = options.models / f".{name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        run(options.folder, partial, name, options.precision, loras=options.lora, switchable=options.switchable_lora)
    except Refused as reason:
        shutil.rmtree(partial, ignore_errors=True)
        sys.exit(f"cannot import: {reason}")
    partial.rename(out)
    print(f"imported {options.folder} as {out}")


if __name__ == "__main__":
    main()
