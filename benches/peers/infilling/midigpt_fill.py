"""Trains MIDI-GPT on songs and fills holes with it.

This is `midigpt` 0.4.2 with its own tokeniser, trainer and infilling.

Usage: midigpt_fill.py train CORPUS ROOT RUN --minutes N
       midigpt_fill.py fill RUN HOLES.jsonl ROOT OUT [--count N]

`train` learns from the training split of a prepared corpus (its songs.jsonl; songs lie below ROOT)
for N minutes on `--threads` threads and writes RUN/model_final.safetensors. A first call of the
library's `train` for a twentieth of the time, at most a minute, counts how many steps there will
be, which its learning-rate schedule wants to know; the second trains anew, for N minutes. The time
of preparing data, importing and saving is not counted.

`fill` writes OUT/NUMBER.mid for each hole: the song with what the library's session returns in the
hole's bars. The hole is empty in what the model is given.

- `part` and `all` are infilling, with windows, bars and tracks a step left to the library (`auto`):
  the largest window that the song has and the context holds, around the hole; the library leaves
  out tracks that do not fit.
- `whole` is the library's generation of a track, a window after the other, given the others.
- Songs shorter than the smallest window are padded with empty bars, as the library's message says
  to.

Not expressible: meters outside the vocabulary. That, refusals of the library, and what takes longer
than `--limit` seconds a hole, are counted and leave no file.

The vocabulary has no attribute controls (density, polyphony, length of notes): the library takes
these from the notes of a track, and what is asked for is unknown where notes are missing. Windows
are of 4, 8 and 16 bars.
"""

import argparse
import collections
import json
import logging
import os
import pathlib
import signal
import time
import traceback

import songs

METERS = [f"{over}/{under}" for under in (2, 4, 8, 16) for over in range(1, 17) if over <= 2 * under]
ENCODER = {
    "resolution": songs.GRID,
    "decode_resolution": songs.GRID,
    "supports_infill": True,
    "supports_mask_bar_token": False,
    "velocity_levels": 32,
    "velocity_sticky": True,
    "note_duration_max_beats": 8,
    "pitch_range": [0, 127],
    "num_bars_map": [4, 8, 16],
    "time_signatures": METERS,
}
MAX_PROBE_SECONDS = 60


def write_parquet(corpus, root, split, path):
    """The songs of a split as the rows that the library's data set reads; how many there are."""
    import pyarrow
    import pyarrow.parquet

    rows, scratch = [], path.with_suffix(".mid")
    for line in (corpus / "songs.jsonl").read_text().splitlines():
        listed = json.loads(line)
        if listed["split"] != split:
            continue
        song = songs.Song(root / listed["path"])
        songs.write(scratch, song, dict(enumerate(part.notes for part in song.parts)))
        notes = sum(len(part.notes) for part in song.parts)
        rows.append({"music": scratch.read_bytes(), "num_tracks": len(song.parts), "total_notes": notes})
    scratch.unlink()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return len(rows)


def train(options):
    run = options.run.resolve()
    run.mkdir(parents=True, exist_ok=True)
    os.environ["MIDIGPT_CACHE"] = str(run / "cache")
    import torch
    from midigpt.training.trainer import TrainConfig
    from midigpt.training.trainer import train as fit

    torch.set_num_threads(options.threads)
    (run / "encoder.json").write_text(json.dumps(ENCODER))
    many = write_parquet(options.corpus, options.root, "train", run / "train.parquet")
    write_parquet(options.corpus, options.root, "valid", run / "valid.parquet")
    # The library's `train` leaves these settings of Lightning open, and Lightning reads them from
    # here. Lightning wants validation data, but nothing is validated: all time is for learning.
    os.environ["PL_TRAINER_NUM_SANITY_VAL_STEPS"] = "0"
    os.environ["PL_TRAINER_CHECK_VAL_EVERY_N_EPOCH"] = str(10**6)

    def go(out, seconds, steps):
        os.environ["PL_TRAINER_MAX_TIME"] = "{:02}:{:02}:{:02}:{:02}".format(*parts_of(seconds))
        config = TrainConfig(
            output_dir=str(out), encoder_config_path=str(run / "encoder.json"),
            n_embd=options.width, n_layer=options.layers, n_head=options.heads, max_seq_len=options.context,
            learning_rate=options.rate, lr_scheduler_type="cosine", warmup_steps=min(200, max(steps // 20, 1)),
            max_steps=steps, per_device_batch_size=options.batch, gradient_accumulation_steps=1, precision="fp32",
            mask_apply_probability=0.0, max_tracks=options.tracks, min_fill_ratio=options.fill,
            save_steps=10**9, eval_steps=1, logging_steps=1, seed=options.seed,
        )
        fit(config, str(run / "train.parquet"), str(run / "valid.parquet"))
        records = map(json.loads, (out / "metrics.jsonl").read_text().splitlines())
        return [record for record in records if "train/loss_step" in record]

    for name in ("probe", "run"):
        (run / name / "metrics.jsonl").unlink(missing_ok=True)
    seconds = 60 * options.minutes
    probe = max(10, min(MAX_PROBE_SECONDS, seconds / 20))
    pace = len(go(run / "probe", probe, 10**6)) / probe
    steps = max(1, round(pace * seconds))
    start = time.monotonic()
    losses = [record["train/loss_step"] for record in go(run / "run", seconds, steps)]
    tail = losses[-max(1, len(losses) // 20):]
    (run / "run" / "model_final.safetensors").replace(run / "model_final.safetensors")
    done = {"songs": many, "steps": len(losses), "planned": steps, "seconds": round(time.monotonic() - start, 1),
            "first loss": losses[0], "last loss": sum(tail) / len(tail)}
    settings = {key: str(value) for key, value in vars(options).items()}
    (run / "training.json").write_text(json.dumps({**done, **settings}))
    print(json.dumps(done))


def parts_of(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (*divmod(hours, 24), minutes, seconds)


def as_score(song, notes, bars):
    """The library's score of a song with `notes` by the index of the part, padded to a number of
    bars."""
    from midigpt import Bar, Score, Track
    from midigpt import Note as TheirNote

    def bar_of(index, bar):
        over, under = meter(song, min(bar, song.bars))
        made = Bar(ts_numerator=over, ts_denominator=under, beat_length=4 * over / under)
        for note in by_bar[index].get(bar, []):
            onset = songs.step(note.onset) - song.lines[bar - 1]
            length = max(songs.step(note.end - note.onset), 1)
            made.notes.append(TheirNote(note.pitch, note.velocity, onset, length))
        return made

    by_bar = {index: collections.defaultdict(list) for index in notes}
    for index, some in notes.items():
        for note in some:
            by_bar[index][song.bar(note.onset)].append(note)
    tracks = [Track(bars=[bar_of(index, bar) for bar in range(1, bars + 1)], instrument=part.program,
                    track_type="drum" if part.drums else "melodic") for index, part in enumerate(song.parts)]
    return Score(tracks=tracks, resolution=songs.GRID, tempo=song.tempos[0][1] if song.tempos else 500_000)


def meter(song, bar):
    return next((value for at, value in reversed(song.meters) if songs.step(at) <= song.lines[bar - 1]), (4, 4))


def fill(engine, song, hole, seed):
    """The notes that the model writes into a hole, by the index of the part."""
    from midigpt.inference import GenerationRequest, InferenceConfig, TrackPrompt

    given, _ = songs.split(song, hole)
    bars = max(song.bars, min(ENCODER["num_bars_map"]))
    score = as_score(song, given, bars)
    holed = {part["index"] for part in hole["parts"]}
    whole = hole["kind"] == "whole"
    targets = list(range(bars)) if whole else list(range(hole["bars"][0] - 1, hole["bars"][1]))
    prompts = [TrackPrompt(id=index, bars=targets if index in holed else [], autoregressive=whole and index in holed)
               for index in range(len(song.parts))]
    config = InferenceConfig(seed=seed, model_dim="auto", bars_per_step="auto", tracks_per_step="auto",
                             novelty_check=False)
    session = engine.session(score, GenerationRequest(tracks=prompts, config=config))
    result = session.run()
    fills = {}
    for index in holed:
        fills[index] = []
        for bar in targets:
            if bar >= song.bars:
                continue
            for note in result.tracks[index].bars[bar].notes:
                onset = song.start(bar + 1) + note.onset_ticks / result.resolution
                end = onset + note.duration_ticks / result.resolution
                fills[index].append(songs.Note(onset, note.pitch, end, min(max(note.velocity, 1), 127)))
    return fills, session


class OutOfTime(BaseException):
    """Not an `Exception`: the library takes those for failed attempts, and tries again."""


def out_of_time(*_):
    raise OutOfTime("the limit of time for a hole")


def fill_all(options):
    import torch
    from midigpt.inference import InferenceEngine

    torch.set_num_threads(options.threads)
    logging.getLogger("midigpt").setLevel(logging.ERROR)
    engine = InferenceEngine.from_checkpoint(str(options.run / "model_final.safetensors"))
    options.out.mkdir(parents=True, exist_ok=True)
    outcomes, start = collections.Counter(), time.monotonic()
    signal.signal(signal.SIGALRM, out_of_time)
    for hole in songs.read_holes(options.holes)[: options.count]:
        song = songs.Song(options.root / hole["file"])
        path = songs.fill_path(options.out, hole)
        path.unlink(missing_ok=True)
        if any(f"{over}/{under}" not in METERS for _, (over, under) in song.meters):
            outcomes["not expressible (meter)"] += 1
            continue
        begun = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, options.limit)
        try:
            fills, session = fill(engine, song, hole, options.seed + hole["number"])
        except (Exception, OutOfTime) as error:
            outcomes[f"failed: {type(error).__name__}"] += 1
            print(f"hole {hole['number']}: {traceback.format_exception_only(error)[-1].strip()[:300]}", flush=True)
            continue
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        songs.write_filled(path, song, hole, fills)
        outcomes["filled"] += 1
        outcomes["of them cut off at the end of the context"] += session.truncated
        outcomes["of them without some given tracks"] += bool(getattr(session, "dropped_context", []))
        print(f"hole {hole['number']}: {hole['kind']}, bars {hole['bars'][0]}-{hole['bars'][1]}, "
              f"{sum(map(len, fills.values()))} notes in {time.monotonic() - begun:.1f} s", flush=True)
    report = {**outcomes, "seconds": round(time.monotonic() - start, 1)}
    (options.out / "outcomes.json").write_text(json.dumps(report))
    print(json.dumps(report))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(required=True)
    to_train = verbs.add_parser("train")
    to_train.add_argument("corpus", type=pathlib.Path)
    to_train.add_argument("root", type=pathlib.Path)
    to_train.add_argument("run", type=pathlib.Path)
    to_train.add_argument("--minutes", type=float, required=True)
    to_train.add_argument("--width", type=int, default=256)
    to_train.add_argument("--layers", type=int, default=6)
    to_train.add_argument("--heads", type=int, default=8)
    to_train.add_argument("--context", type=int, default=2048, help="tokens")
    to_train.add_argument("--batch", type=int, default=4)
    to_train.add_argument("--rate", type=float, default=6e-4)
    to_train.add_argument("--tracks", type=int, default=12, help="tracks in a window, at most")
    to_train.add_argument("--fill", type=float, default=0.75, help="least share of a track's bars with notes")
    to_train.set_defaults(work=train)
    to_fill = verbs.add_parser("fill")
    to_fill.add_argument("run", type=pathlib.Path)
    to_fill.add_argument("holes", type=pathlib.Path)
    to_fill.add_argument("root", type=pathlib.Path)
    to_fill.add_argument("out", type=pathlib.Path)
    to_fill.add_argument("--count", type=int, help="only the first holes")
    to_fill.add_argument("--limit", type=float, default=300, help="seconds for a hole")
    to_fill.set_defaults(work=fill_all)
    for verb in (to_train, to_fill):
        # Tokens are written one by one; more threads than idle cores make that much slower.
        verb.add_argument("--threads", type=int, default=2 if verb is to_train else 1)
        verb.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.work(options)


if __name__ == "__main__":
    main()
