"""How much sooner Leitmotif reaches the validation loss that PyTorch reaches in a given time; see README.md.

The peer trains the study's model on the exported `notes` sequences: 64 songs side by side in segments of 64, Adam at 1e-3, its
memory carried. Leitmotif then trains on the same corpus, and its metrics tell when its validation loss was as low. Both are judged
alike: every validation song from its beginning, nats per token. Nothing else should run meanwhile.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from models import Plain
from worker import Stream, songs, trainer

ROOT = Path(__file__).resolve().parents[3]


class Lucidrains:
    """The library that the study used, with its memory."""

    def __init__(self, vocabulary, gated):
        from compressive_transformer_pytorch import CompressiveTransformer

        self.model = CompressiveTransformer(
            num_tokens=vocabulary, dim=64, seq_len=64, depth=6, memory_layers=[5, 6], mem_len=64, cmem_len=256,
            cmem_ratio=4, heads=8, gru_gated_residual=gated,
        )
        self.memories = None

    def loss(self, batch):
        logits, self.memories, auxiliary = self.model(batch[:, :-1], memories=self.memories)
        return F.cross_entropy(logits.transpose(1, 2), batch[:, 1:]) + auxiliary.sum()

    def nats(self, song):
        memories, total = None, 0.0
        for start in range(0, len(song) - 1, 64):
            part = song[None, start : start + 65]
            logits, memories, _ = self.model(part[:, :-1], memories=memories)
            total += F.cross_entropy(logits.transpose(1, 2), part[:, 1:], reduction="sum").item()
        return total


class Windows:
    """The same sizes without memory: the fastest that PyTorch does."""

    def __init__(self, vocabulary):
        self.model = Plain(vocabulary, 64, 6, 8, 256, 64)

    def loss(self, batch):
        return self.model.loss(batch[:, :-1], batch[:, 1:])

    def nats(self, song):
        """Windows of 64 that overlap by half, each judged by the half that the one before did not reach."""
        total, judged = 0.0, 0
        for start in range(0, max(len(song) - 33, 1), 32):
            part = song[None, start : start + 65]
            costs = F.cross_entropy(self.model(part[:, :-1]).transpose(1, 2), part[:, 1:], reduction="none")[0]
            total += costs[judged - start :].sum().item()
            judged = start + len(costs)
        assert judged == len(song) - 1
        return total


def peer(case, export, minutes):
    """Trains for so many minutes; prints and returns the validation loss."""
    torch.manual_seed(0)
    train, valid = torch.cat(songs(export)), [song[:, 0] for song in songs(export, "valid")]
    vocabulary = len(json.loads((Path(export) / "tokenizer.json").read_text())["fields"][0]["values"])
    if case == "windows":
        learner = Windows(vocabulary)
    else:
        learner = Lucidrains(vocabulary, gated=case == "lucidrains-gated")
    stream, update = Stream(train, 64, 64), trainer(learner.model, 0.5)
    spent, steps = 0.0, 0
    while spent < minutes * 60:
        start = time.perf_counter()
        update(learner.loss(stream.next()[..., 0]))
        spent, steps = spent + time.perf_counter() - start, steps + 1
    learner.model.eval()
    with torch.no_grad():
        nats = sum(learner.nats(song) for song in valid) / sum(len(song) - 1 for song in valid)
    print(f"{case}: {nats:.4f} nats per token after {minutes} minutes ({steps} steps)", flush=True)
    return nats


def ours(program, corpus, run, settings, minutes, target):
    """Seconds until the validation loss is as low as the target."""
    command = [program, "train", corpus, "-o", run, "--minutes", str(minutes), "--set=train.validate_every=20",
               "--set=train.validate_events=0", *settings]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").open()]
    judged = [line for line in lines if line["kind"] == "validation"]
    best = min(line["nats_per_event"] for line in judged)
    reached = next((line for line in judged if line["nats_per_event"] <= target), None)
    found = f"reached after {reached['seconds']:.1f} s (step {reached['step']})" if reached else "not reached"
    print(f"  Leitmotif {' '.join(settings)}: {found}; best of {minutes} minutes {best:.4f}", flush=True)
    return reached and reached["seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="a corpus in the `notes` representation")
    parser.add_argument("--peers", default="lucidrains,windows", help="of lucidrains, lucidrains-gated, windows")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--ours", type=float, default=2, help="minutes that Leitmotif trains for")
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/leitmotif")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        export = work / "export"
        subprocess.run([options.program, "export", options.corpus, "-o", export], check=True, stdout=subprocess.DEVNULL)
        for case in options.peers.split(","):
            target = peer(case, export, options.minutes)
            for name, settings in {"study": ["--preset", "study"], "tiny": ["--preset", "tiny"]}.items():
                seconds = ours(options.program, options.corpus, work / f"{case}-{name}", settings, options.ours, target)
                if seconds:
                    print(f"  {options.minutes * 60 / seconds:.1f} times sooner", flush=True)


if __name__ == "__main__":
    sys.exit(main())
