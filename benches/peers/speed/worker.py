"""One peer at work: `worker.py CASE EXPORT`. For each line `N` on the standard input it trains N steps (or writes N
tokens), and prints the seconds, the events, and for training the mean loss as a line of JSON."""

import json
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from models import Compressive, Config, Plain


def songs(export, split="train"):
    """The songs of an exported split, each `[events, fields]`."""
    with (Path(export) / f"{split}.jsonl").open() as lines:
        return [torch.tensor(json.loads(line)["values"]) for line in lines]


def compact(stream):
    """A one-field stream with its values renumbered without gaps; how many there are."""
    values, renumbered = stream.unique(return_inverse=True)
    return renumbered, len(values)


class Stream:
    """All songs as one long piece, cut into lanes."""

    def __init__(self, events, lanes, segment):
        lane = len(events) // lanes
        self.lanes = events[: lane * lanes].view(lanes, lane, -1)
        self.segment, self.place = segment, 0

    def next(self):
        segment = self.lanes[:, self.place : self.place + self.segment + 1]
        self.place += self.segment
        if self.place + self.segment >= self.lanes.shape[1]:
            self.place = 1
        return segment


def autocast(half):
    """What the forward pass runs in: products in bfloat16, or nothing."""
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=half)


def trainer(model, clip, rate=1e-3):
    optimiser = torch.optim.Adam(model.parameters(), rate, fused=True)

    def update(loss):
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimiser.step()

    return update


def plain(export, half, d, d_ff, segment, lanes, compiled):
    events, vocabulary = compact(torch.cat(songs(export)))
    stream, model = Stream(events, lanes, segment), Plain(vocabulary, d, 6, 8, d_ff, segment)
    update, loss = trainer(model, 0.5), torch.compile(model.loss) if compiled else model.loss

    def step():
        batch = stream.next()[..., 0]
        with autocast(half):
            value = loss(batch[:, :-1], batch[:, 1:])
        update(value)
        return value.item(), batch[:, 1:].numel()

    return step


def compressive(export, half, compiled, lanes, **sizes):
    events = torch.cat(songs(export))
    if events.shape[1] == 1:
        events, vocabulary = compact(events)
        values = [vocabulary]
    else:
        values = vocabulary_of(export)
    config = Config(values, **sizes)
    stream, model = Stream(events, lanes, config.segment), Compressive(config)
    update, forward = trainer(model, 0.5 if config.d_model == 64 else 1.0), torch.compile(model) if compiled else model
    carry = [model.carry(lanes)]
    # What a field echoes costs PyTorch nothing here: places drawn once, where Leitmotif looks them up in every step.
    echo = lambda f: torch.randint(0, sum(values), (lanes * config.segment, f * (f - 1) // 2 + 3))
    echoes = [echo(f) for f in range(len(values))] if config.echoes else None

    def step():
        batch = stream.next()
        with autocast(half):
            loss, carry[0] = forward(batch[:, :-1], batch[:, 1:], carry[0], echoes)
        update(loss)
        return loss.item(), lanes * config.segment

    return step


def lucidrains(export, half, gated):
    from compressive_transformer_pytorch import CompressiveTransformer

    events, vocabulary = compact(torch.cat(songs(export)))
    stream = Stream(events, 64, 64)
    model = CompressiveTransformer(
        num_tokens=vocabulary, dim=64, seq_len=64, depth=6, memory_layers=[5, 6], mem_len=64, cmem_len=256,
        cmem_ratio=4, heads=8, gru_gated_residual=gated,
    )
    update, memories = trainer(model, 0.5), [None]

    def step():
        batch = stream.next()[..., 0]
        with autocast(half):
            logits, memories[0], auxiliary = model(batch[:, :-1], memories=memories[0])
            loss = F.cross_entropy(logits.transpose(1, 2), batch[:, 1:])
        update(loss + auxiliary.sum())
        return loss.item(), batch[:, 1:].numel()

    return step


def vocabulary_of(export):
    """The values of each field."""
    fields = json.loads((Path(export) / "tokenizer.json").read_text())["fields"]
    return [len(field["values"]) for field in fields]


def write_plain(export, threads=None):
    """Writing with a cache of keys and values, batch 1, in contexts of 512 (`N` may not be longer)."""
    if threads:
        torch.set_num_threads(threads)
    model = Plain(*vocabulary_of(export), 256, 6, 8, 1024, 512).eval()

    @torch.inference_mode()
    def write(count):
        caches, token = model.caches(512), torch.zeros(1, 1, dtype=torch.long)
        for place in range(count):
            logits = model.step(token, place, caches)
            token = torch.multinomial(logits.softmax(-1), 1)
        return count

    return write


def write_lucidrains(export):
    from compressive_transformer_pytorch import AutoregressiveWrapper, CompressiveTransformer

    model = CompressiveTransformer(
        num_tokens=vocabulary_of(export)[0], dim=64, seq_len=64, depth=6, memory_layers=[5, 6], mem_len=64,
        cmem_len=256, cmem_ratio=4, heads=8, gru_gated_residual=False,
    )
    wrapper = AutoregressiveWrapper(model)
    return lambda count: wrapper.generate(torch.zeros(1, 1, dtype=torch.long), count).shape[1]


STUDY = dict(d_model=64, layers=6, heads=8, d_ff=256, d_field=64, segment=64, memory=64, compressed=256, memory_layers=[5, 6])
SMALL = dict(
    d_model=256, layers=6, heads=4, d_ff=1024, d_field=256, segment=128, memory=128, compressed=64, tied=True, echoes=True,
    ff_dropout=0.1, layer_dropout=0.1,
)
TRAINING = {
    "lucidrains": lambda export, half: lucidrains(export, half, gated=False),
    "lucidrains-gated": lambda export, half: lucidrains(export, half, gated=True),
    "plain-study": lambda export, half: plain(export, half, 64, 256, 64, 64, compiled=False),
    "plain-study-compiled": lambda export, half: plain(export, half, 64, 256, 64, 64, compiled=True),
    "plain-large": lambda export, half: plain(export, half, 256, 1024, 512, 8, compiled=False),
    "plain-large-compiled": lambda export, half: plain(export, half, 256, 1024, 512, 8, compiled=True),
    "compressive-study": lambda export, half: compressive(export, half, False, 64, **STUDY),
    "compressive-study-compiled": lambda export, half: compressive(export, half, True, 64, **STUDY),
    "compressive-small": lambda export, half: compressive(export, half, False, 32, **SMALL),
    "compressive-small-compiled": lambda export, half: compressive(export, half, True, 32, **SMALL),
}
WRITING = {"write-plain": write_plain, "write-plain-one-thread": lambda export: write_plain(export, 1), "write-lucidrains": write_lucidrains}


def main(case, export):
    case, half = case.removesuffix("-bf16"), case.endswith("-bf16")
    if case in WRITING:
        write = WRITING[case](export)
    else:
        step = TRAINING[case](export, half)
    for line in sys.stdin:
        count, start = int(line), time.perf_counter()
        if case in WRITING:
            answer = {"events": write(count)}
        else:
            done = [step() for _ in range(count)]
            answer = {"events": sum(events for _, events in done), "nats": sum(nats for nats, _ in done) / count}
        print(json.dumps({"seconds": time.perf_counter() - start, **answer}), flush=True)


if __name__ == "__main__":
    torch.manual_seed(0)
    main(*sys.argv[1:])
