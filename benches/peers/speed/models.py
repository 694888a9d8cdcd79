"""What Leitmotif is timed against: the same sizes, written as one would write them well in PyTorch.

`Plain` is a decoder-only transformer without memory: absolute positions, `scaled_dot_product_attention`. `Compressive`
is Leitmotif's own model, formula by formula (docs/model.md): relative positions, carried memory, learnt compression with
its attention-reconstruction loss, fields decoded one after another, echoes.
"""

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    """Pre-norm attention and feed-forward without memory."""

    def __init__(self, d, heads, d_ff):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d, bias=False), nn.Linear(d, d)
        self.ff = nn.Sequential(nn.Linear(d, d_ff), nn.GELU(), nn.Linear(d_ff, d))

    def forward(self, x, cache=None, place=0):
        batch, length, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        if cache is not None:
            keys, values = cache
            keys[:, :, place : place + length], values[:, :, place : place + length] = k, v
            k, v = keys[:, :, : place + length], values[:, :, : place + length]
        y = F.scaled_dot_product_attention(q, k, v, is_causal=cache is None)
        x = x + self.out(y.transpose(1, 2).reshape(batch, length, d))
        return x + self.ff(self.norm2(x))


class Plain(nn.Module):
    """A transformer of one-field events with absolute positions."""

    def __init__(self, vocabulary, d, layers, heads, d_ff, length):
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, d), nn.Embedding(length, d)
        self.blocks = nn.ModuleList(Block(d, heads, d_ff) for _ in range(layers))
        self.norm, self.logits = nn.LayerNorm(d), nn.Linear(d, vocabulary)
        self.heads, self.d = heads, d
        for module in self.modules():
            if isinstance(module, (nn.Embedding, nn.Linear)):
                nn.init.normal_(module.weight, std=0.02)

    def forward(self, inputs):
        x = self.tokens(inputs) + self.places.weight[: inputs.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.logits(self.norm(x))

    def loss(self, inputs, targets):
        return F.cross_entropy(self(inputs).flatten(0, 1), targets.flatten())

    def caches(self, length):
        shape = (1, self.heads, length, self.d // self.heads)
        return [(torch.zeros(shape), torch.zeros(shape)) for _ in self.blocks]

    def step(self, token, place, caches):
        """The logits after one more token, from cached keys and values."""
        x = self.tokens(token) + self.places.weight[place]
        for block, cache in zip(self.blocks, caches):
            x = block(x, cache, place)
        return self.logits(self.norm(x[:, -1]))


@dataclass
class Config:
    """Sizes of a compressive transformer, named as in Leitmotif."""

    sizes: list
    d_model: int
    layers: int
    heads: int
    d_ff: int
    d_field: int
    segment: int
    memory: int
    compressed: int
    ratio: int = 4
    memory_layers: list = field(default_factory=list)
    tied: bool = False
    echoes: bool = False
    ff_dropout: float = 0.0
    layer_dropout: float = 0.0

    def remembers(self, layer):
        return not self.memory_layers or layer + 1 in self.memory_layers


def relative_shift(x):
    """Position scores by descending distance, turned into scores by key."""
    batch, heads, segment, keys = x.shape
    x = F.pad(x, (1, 0)).view(batch, heads, keys + 1, segment)
    return x[:, :, 1:].reshape(batch, heads, segment, keys)


class RelativeBlock(nn.Module):
    """Attention over [compressed memory | memory | segment], then the feed-forward."""

    def __init__(self, config, layer):
        super().__init__()
        d, self.heads = config.d_model, config.heads
        self.memory, self.compressed = (config.memory, config.compressed) if config.remembers(layer) else (0, 0)
        self.ratio = config.ratio
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d, bias=False), nn.Linear(d, d)
        self.position = nn.Linear(d, d, bias=False)
        self.u, self.w = nn.Parameter(torch.zeros(d)), nn.Parameter(torch.zeros(d))
        self.ff = nn.Sequential(
            nn.Linear(d, config.d_ff), nn.GELU(), nn.Dropout(config.ff_dropout), nn.Linear(config.d_ff, d)
        )
        self.drop = nn.Dropout(config.layer_dropout)
        if self.compressed:
            self.compressor = nn.Conv1d(d, d, config.ratio, stride=config.ratio)
        distances = torch.arange(self.compressed + self.memory + config.segment - 1, -1, -1, dtype=torch.float)
        angles = distances[:, None] / 10000 ** (torch.arange(0, d, 2) / d)
        self.register_buffer("sinusoids", torch.cat([angles.sin(), angles.cos()], 1))
        hidden = torch.ones(config.segment, config.segment, dtype=torch.bool).triu(1)
        self.register_buffer("hidden", F.pad(hidden, (self.compressed + self.memory, 0)))

    def split(self, x):
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x, context):
        """The block's output; what it remembers next; its compression loss."""
        d = x.shape[-1]
        normed = self.norm1(torch.cat([context, x], 1) if context is not None else x)
        q = self.split(F.linear(normed[:, -x.shape[1] :], self.qkv.weight[:d]))
        k, v = map(self.split, F.linear(normed, self.qkv.weight[d:]).chunk(2, -1))
        r = self.position(self.sinusoids).unflatten(-1, (self.heads, -1)).transpose(0, 1)
        u, w = (bias.view(self.heads, 1, -1) for bias in (self.u, self.w))
        scale = 1 / math.sqrt(d // self.heads)
        bias = relative_shift((q + w) @ r.transpose(-1, -2)) * scale
        bias = bias.masked_fill(self.hidden, float("-inf"))
        # With a bias that learns, this is the composed form of scaled_dot_product_attention, without its copies.
        scores = torch.baddbmm(bias.flatten(0, 1), (q + u).flatten(0, 1), k.flatten(0, 1).transpose(1, 2), alpha=scale)
        y = (scores.softmax(-1) @ v.flatten(0, 1)).unflatten(0, q.shape[:2])
        y = x + self.drop(self.out(y.transpose(1, 2).flatten(2)))
        y = y + self.drop(self.ff(self.norm2(y)))
        if context is None:
            return y, None, None
        return y, *self.remember(x.detach(), context)

    def remember(self, x, context):
        both = torch.cat([context[:, self.compressed :], x], 1)
        kept, evicted = both[:, both.shape[1] - self.memory :], both[:, : both.shape[1] - self.memory]
        if not self.compressed:
            return kept, None
        new = self.compressor(evicted.transpose(1, 2)).transpose(1, 2)
        loss = self.reconstruction(x, evicted, new) if self.training else None
        older = torch.cat([context[:, : self.compressed], new.detach()], 1)[:, -self.compressed :]
        return torch.cat([older, kept], 1), loss

    def reconstruction(self, x, evicted, new):
        d = x.shape[-1]
        weight, gamma, beta = self.qkv.weight.detach(), self.norm1.weight.detach(), self.norm1.bias.detach()
        norm = lambda t: F.layer_norm(t, (d,), gamma, beta)
        q = self.split(F.linear(norm(x), weight[:d]))
        found = lambda t: F.scaled_dot_product_attention(q, *map(self.split, F.linear(norm(t), weight[d:]).chunk(2, -1)))
        with torch.no_grad():
            target = found(evicted)
        return F.mse_loss(found(new), target)


class Compressive(nn.Module):
    """Leitmotif's compressive transformer with its fields."""

    def __init__(self, config):
        super().__init__()
        self.config, d, values = config, config.d_model, sum(config.sizes)
        self.offsets = [sum(config.sizes[:i]) for i in range(len(config.sizes))]
        self.embedding = nn.Parameter(torch.randn(values, d) * 0.5 / math.sqrt(d))
        self.output = None if config.tied else nn.Parameter(torch.randn(values, d) * 0.5 / math.sqrt(d))
        self.bias = nn.Parameter(torch.zeros(values))
        self.blocks = nn.ModuleList(RelativeBlock(config, layer) for layer in range(config.layers))
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in config.sizes)
        mixer = lambda: nn.Sequential(
            nn.LayerNorm(d),
            nn.Linear(d, config.d_field),
            nn.GELU(),
            nn.Dropout(config.ff_dropout),
            nn.Linear(config.d_field, d),
        )
        self.mixers = nn.ModuleList(mixer() for _ in config.sizes[1:])
        # One echo for each range of earlier fields, and three of the last events.
        ways = lambda f: f * (f - 1) // 2 + 3
        self.gains = nn.ParameterList(nn.Parameter(torch.full((ways(f), d), 0.5)) for f in range(len(config.sizes)))
        self.drop = nn.Dropout(config.layer_dropout)

    def carry(self, lanes):
        """Full memories of zeros: from the second segment of a long piece on, every step costs the same."""
        c = self.config
        context = lambda: torch.zeros(lanes, c.compressed + c.memory, c.d_model)
        return [context() if c.remembers(i) and c.memory else None for i in range(c.layers)]

    def forward(self, inputs, targets, carry, echoes=None):
        """Inputs and targets `[lanes, segment, fields]`, what each field echoes `[events, ways]`; the loss and the next carry."""
        sizes = self.config.sizes
        shifts = torch.tensor(self.offsets)
        x = self.drop(F.embedding(inputs + shifts, self.embedding).sum(2))
        losses, next_carry = [], []
        for block, context in zip(self.blocks, carry):
            x, remembered, loss = block(x, context)
            next_carry.append(remembered)
            losses += [loss] if loss is not None else []
        total = sum(losses) / len(losses) if losses else 0.0
        state, targets = x.flatten(0, 1), targets.flatten(0, 1)
        table = self.embedding if self.output is None else self.output
        for f, size in enumerate(sizes):
            z = state
            if echoes is not None:
                z = z + torch.einsum("ewd,wd->ed", F.embedding(echoes[f], self.embedding), self.gains[f])
            if f:
                z = z + self.mixers[f - 1](z)
            rows = slice(self.offsets[f], self.offsets[f] + size)
            logits = F.linear(self.norms[f](z), table[rows], self.bias[rows])
            total = total + F.cross_entropy(logits, targets[:, f])
            state = state + F.embedding(targets[:, f] + self.offsets[f], self.embedding)
        return total, next_carry
