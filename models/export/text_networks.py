"""The networks of a text-to-image checkpoint as a bundle has them: plain tensors in, one float32 tensor a row out.

Token ids arrive as floats, which hold every id exactly; what the text networks say arrives at the denoiser as one flat
row, so that whoever carries it need not know how many encoders there were.
"""

import torch
from torch import Tensor, nn


class ClipTower(nn.Module):
    """A CLIP text transformer.

    `skip` layers before the last are left out; the final norm follows where `normed`.
    """

    def __init__(self, model: nn.Module, base: int, normed: bool):
        super().__init__()
        inner = getattr(model, "text_model", model)
        self.embeddings, self.layers, self.norm = inner.embeddings, inner.encoder.layers, inner.final_layer_norm
        self.projection = getattr(model, "text_projection", None)
        self.base, self.normed = base, normed
        self.end = model.config.eos_token_id
        self.length = model.config.max_position_embeddings
        self.width = model.config.hidden_size
        self.layer_count = model.config.num_hidden_layers
        self.pooled_width = model.config.hidden_size if self.projection is None else model.config.projection_dim

    def forward(self, ids: Tensor, skip: Tensor) -> tuple[Tensor, Tensor]:
        """ids [B, L], skip [B] -> what each token became [B, L, D], what the whole text became [B, P]."""
        hidden = self.embeddings(input_ids=ids)
        # Made of the input's length, so that it is not kept in the file: no token sees those behind it.
        place = torch.arange(ids.shape[1], device=ids.device)
        hidden_from = torch.finfo(hidden.dtype).min
        later = (place[None, :] > place[:, None]).to(hidden.dtype)[None, None] * hidden_from
        states = [hidden]
        for layer in self.layers:
            hidden = layer(hidden, later)
            states.append(hidden)
        every = torch.stack(states, dim=1)
        rows = torch.arange(ids.shape[0], device=ids.device)
        chosen = every[rows, self.layer_count - self.base - skip]
        if self.normed:
            chosen = self.norm(chosen)
        # Checkpoints of before a correction call 2 their end; theirs is the largest id.
        last = ids.argmax(-1) if self.end == 2 else (ids == self.end).int().argmax(-1)
        pooled = self.norm(hidden)[rows, last]
        return chosen, pooled if self.projection is None else self.projection(pooled)


class T5Tower(nn.Module):
    def __init__(self, model: nn.Module, length: int):
        super().__init__()
        self.model, self.length, self.width = model, length, model.config.d_model

    def forward(self, ids: Tensor) -> Tensor:
        return self.model(ids, attention_mask=torch.ones_like(ids))[0]


def weighted(hidden: Tensor, weights: Tensor) -> Tensor:
    """Each token times its weight; the mean over the whole text stays as it was."""
    emphasised = hidden * weights.to(hidden.dtype).unsqueeze(-1)
    before, after = hidden.mean((1, 2), keepdim=True), emphasised.mean((1, 2), keepdim=True)
    return emphasised * torch.where(after == 0, torch.ones_like(after), before / after)


class ClipText(nn.Module):
    """One or more CLIP encoders side by side; the pooled vector of the last, if it is wanted."""

    def __init__(self, towers: list[ClipTower], pooled: bool):
        super().__init__()
        self.towers, self.pooled = nn.ModuleList(towers), pooled

    def forward(self, *inputs: Tensor) -> Tensor:
        """tokens, weights of each tower, then skip -> [B, L·ΣD (+ P)]."""
        skip = inputs[-1].long()
        parts = []
        for i, tower in enumerate(self.towers):
            hidden, pooled = tower(inputs[2 * i].long(), skip)
            parts.append(weighted(hidden, inputs[2 * i + 1]))
        flat = torch.cat(parts, dim=-1).flatten(1)
        return (torch.cat([flat, pooled], dim=1) if self.pooled else flat).float()

    def inputs(self) -> list[str]:
        return token_inputs(len(self.towers)) + ["skip"]

    @property
    def layout(self) -> tuple[int, int, int]:
        """Tokens, width of one, width of the pooled vector."""
        pooled = self.towers[-1].pooled_width if self.pooled else 0
        return self.towers[0].length, sum(tower.width for tower in self.towers), pooled


class TripleText(nn.Module):
    """Two CLIP encoders side by side, a T5 encoder behind them, and what the CLIPs say of the whole (Esser et al. 2024).

    `width` is that of a token, to which the CLIPs are filled up. Without a T5 nothing stands behind them.
    """

    def __init__(self, towers: list[ClipTower], t5: T5Tower | None, width: int):
        super().__init__()
        self.towers, self.t5, self.width = nn.ModuleList(towers), t5, width

    def forward(self, *inputs: Tensor) -> Tensor:
        skip = inputs[-1].long()
        parts, whole = [], []
        for i, tower in enumerate(self.towers):
            hidden, pooled = tower(inputs[2 * i].long(), skip)
            parts.append(weighted(hidden, inputs[2 * i + 1]))
            whole.append(pooled)
        clips = torch.cat(parts, dim=-1)
        tokens = [nn.functional.pad(clips, (0, self.width - clips.shape[-1]))]
        if self.t5 is not None:
            tokens.append(weighted(self.t5(inputs[4].long()), inputs[5]))
        return torch.cat([torch.cat(tokens, dim=1).flatten(1), *whole], dim=1).float()

    def inputs(self) -> list[str]:
        return token_inputs(2 if self.t5 is None else 3) + ["skip"]

    @property
    def layout(self) -> tuple[int, int, int]:
        tokens = self.towers[0].length + (0 if self.t5 is None else self.t5.length)
        return tokens, self.width, sum(tower.pooled_width for tower in self.towers)


class FluxText(nn.Module):
    """What a T5 encoder makes of each token, and behind it what a CLIP encoder says of the whole."""

    def __init__(self, tower: ClipTower, t5: T5Tower):
        super().__init__()
        self.tower, self.t5 = tower, t5

    def forward(self, ids: Tensor, t5_ids: Tensor, t5_weights: Tensor) -> Tensor:
        ids = ids.long()
        _, pooled = self.tower(ids, torch.zeros_like(ids[:, 0]))
        return torch.cat([weighted(self.t5(t5_ids.long()), t5_weights).flatten(1), pooled], dim=1).float()

    def inputs(self) -> list[str]:
        return ["tokens", "tokens-2", "weights-2"]

    @property
    def layout(self) -> tuple[int, int, int]:
        return self.t5.length, self.t5.width, self.tower.pooled_width


def token_inputs(towers: int) -> list[str]:
    names = []
    for i in range(towers):
        end = "" if i == 0 else f"-{i + 1}"
        names += [f"tokens{end}", f"weights{end}"]
    return names


class UnetDenoiser(nn.Module):
    """x [B, C, h, w], t [B], text [B, N], then what of mask [B, 1, h, w] and masked, size [B, 6] it has."""

    def __init__(self, unet: nn.Module, layout: tuple[int, int, int], latent_channels: int):
        super().__init__()
        self.unet, self.layout = unet, layout
        self.inpaints = unet.config.in_channels == 2 * latent_channels + 1
        self.sized = unet.config.addition_embed_type == "text_time"

    def inputs(self) -> list[str]:
        return ["x", "t", "text"] + ["mask", "masked"] * self.inpaints + ["size"] * self.sized

    def forward(self, x: Tensor, t: Tensor, text: Tensor, *more: Tensor) -> Tensor:
        kind = self.unet.dtype
        tokens, width, _ = self.layout
        split = tokens * width
        hidden = text[:, :split].unflatten(1, (tokens, width)).to(kind)
        added = None
        if self.sized:
            added = {"text_embeds": text[:, split:].to(kind), "time_ids": more[-1].to(kind)}
        if self.inpaints:
            x = torch.cat([x, more[0], more[1]], dim=1)
        return self.unet(x.to(kind), t, encoder_hidden_states=hidden, added_cond_kwargs=added)[0].float()


class TransformerDenoiser(nn.Module):
    """Of Stable Diffusion 3: x [B, C, h, w], t [B] from 0 to 1,000, text [B, N].

    `silent` tokens of zeros stand behind the text's, where an encoder would be that the checkpoint lacks.
    """

    def __init__(self, transformer: nn.Module, layout: tuple[int, int, int], silent: int):
        super().__init__()
        self.transformer, self.layout, self.silent = transformer, layout, silent

    def inputs(self) -> list[str]:
        return ["x", "t", "text"]

    def forward(self, x: Tensor, t: Tensor, text: Tensor) -> Tensor:
        kind = self.transformer.dtype
        tokens, width, _ = self.layout
        split = tokens * width
        hidden = text[:, :split].unflatten(1, (tokens, width)).to(kind)
        hidden = nn.functional.pad(hidden, (0, 0, 0, self.silent))
        return self.transformer(
            x.to(kind), encoder_hidden_states=hidden, pooled_projections=text[:, split:].to(kind), timestep=t
        )[0].float()


class PackedDenoiser(nn.Module):
    """Of FLUX: x [B, C, h, w], t [B] from 0 to 1,000, text [B, N], guidance [B, 1] where the network is told of it.

    Two by two places of the latent are one token.
    """

    def __init__(self, transformer: nn.Module, layout: tuple[int, int, int]):
        super().__init__()
        self.transformer, self.layout = transformer, layout
        self.guided = transformer.config.guidance_embeds

    def inputs(self) -> list[str]:
        return ["x", "t", "text"] + ["guidance"] * self.guided

    def forward(self, x: Tensor, t: Tensor, text: Tensor, *guidance: Tensor) -> Tensor:
        kind = self.transformer.dtype
        tokens, width, _ = self.layout
        split = tokens * width
        rows, columns = x.shape[2] // 2, x.shape[3] // 2
        packed = x.reshape(x.shape[0], x.shape[1], rows, 2, columns, 2).permute(0, 2, 4, 1, 3, 5)
        down = torch.arange(rows, device=x.device)[:, None].expand(rows, columns).flatten()
        across = torch.arange(columns, device=x.device)[None, :].expand(rows, columns).flatten()
        answer = self.transformer(
            hidden_states=packed.reshape(x.shape[0], rows * columns, 4 * x.shape[1]).to(kind),
            encoder_hidden_states=text[:, :split].unflatten(1, (tokens, width)).to(kind),
            pooled_projections=text[:, split:].to(kind),
            timestep=t / 1000,
            guidance=guidance[0][:, 0] if self.guided else None,
            txt_ids=torch.zeros(tokens, 3, device=x.device),
            img_ids=torch.stack([torch.zeros_like(down), down, across], dim=1).float(),
            return_dict=False,
        )[0]
        unpacked = answer.reshape(x.shape[0], rows, columns, x.shape[1], 2, 2).permute(0, 3, 1, 4, 2, 5)
        return unpacked.reshape(x.shape[0], x.shape[1], 2 * rows, 2 * columns).float()


class Encoder(nn.Module):
    """Picture in [-1, 1] -> mean and deviation of its latent, in the denoiser's scale."""

    def __init__(self, vae: nn.Module):
        super().__init__()
        self.vae, self.scale, self.shift = vae, vae.config.scaling_factor, vae.config.get("shift_factor") or 0.0

    def forward(self, x: Tensor) -> Tensor:
        law = self.vae.encode(x.to(self.vae.dtype)).latent_dist
        return torch.cat([(law.mean - self.shift) * self.scale, law.std * self.scale], dim=1).float()


class Decoder(nn.Module):
    """Latent in the denoiser's scale -> picture in [-1, 1]."""

    def __init__(self, vae: nn.Module):
        super().__init__()
        self.vae, self.scale, self.shift = vae, vae.config.scaling_factor, vae.config.get("shift_factor") or 0.0

    def forward(self, x: Tensor) -> Tensor:
        return self.vae.decode((x / self.scale + self.shift).to(self.vae.dtype)).sample.float()
