"""Reads a run's event files with TensorBoard's own reader and compares them with its metrics.jsonl.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python check.py RUN
"""

import json
import struct
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader

PREFIX = {"train": "train/", "validation": "validation/"}
TRAIN = ["loss", "nats_per_event", "nats_per_note", "compression", "learning_rate", "gradient_norm", "events_per_second"]
VALIDATION = ["nats_per_event", "nats_per_note", "nats_per_second"]


def single(value: float) -> float:
    """The nearest 32-bit float: what an event file can hold."""
    return struct.unpack("f", struct.pack("f", value))[0]


def main(run: Path) -> int:
    files = sorted(run.glob("events.out.tfevents.*"))
    assert len(files) == 1, f"one event file, not {files}"
    records = sum(1 for _ in RawEventFileLoader(str(files[0])).Load())
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert records == len(lines) + 1, f"{records} records for {len(lines)} lines and the version"

    accumulator = EventAccumulator(str(run), size_guidance={"scalars": 0})
    accumulator.Reload()
    expected: dict[str, list[tuple[int, float]]] = {}
    for line in lines:
        names = TRAIN if line["kind"] == "train" else VALIDATION
        values = {name: line[name] for name in names}
        values |= {f"fields/{name}": value for name, value in line.get("fields", {}).items()}
        for name, value in values.items():
            expected.setdefault(PREFIX[line["kind"]] + name, []).append((line["step"], single(value)))
    expected["train/epoch"] = [(line["step"], float(line["epoch"])) for line in lines if line["kind"] == "train"]

    tags = accumulator.Tags()["scalars"]
    wanted = {tag for tag, values in expected.items() if values}
    assert set(tags) == wanted, f"tags differ: {sorted(set(tags) ^ wanted)}"
    points = 0
    for tag in tags:
        found = [(event.step, event.value) for event in accumulator.Scalars(tag)]
        assert found == expected[tag], f"{tag}: {found[:3]} is not {expected[tag][:3]}"
        points += len(found)
    print(f"{files[0].name}: {records} records, {len(tags)} tags, {points} points, all as in metrics.jsonl")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
