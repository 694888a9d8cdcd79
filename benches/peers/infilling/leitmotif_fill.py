"""Fills holes with Leitmotif.

Usage: leitmotif_fill.py MODEL HOLES.jsonl ROOT OUT [--past-only] [--emptied] [-- OPTION...]

For each hole runs `leitmotif fill MODEL IN.mid --bars 9-16 --parts NAME -o OUT.mid --seed N`.
Writes OUT/NUMBER.mid for each hole; a hole whose command fails has no file and is counted, with the
last line that it said. Parts are named `program:ordinal` (or `drums:ordinal`), as the holes have
it; for `all` no parts are named. With `--past-only` the model uses only the music before the hole.
With `--emptied` the command is given a copy of the song without the notes of the hole, so that
nothing of them can show through (but not for `whole`, whose part would be gone). What follows `--`
goes to every command.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import songs


def command(options, hole, source, target):
    first, last = hole["bars"]
    words = [options.binary, "fill", options.model, source, "--bars", f"{first}-{last}"]
    if hole["kind"] != "all":
        words += ["--parts", ",".join(part["instrument"] for part in hole["parts"])]
    words += ["-o", target, "--seed", options.seed + hole["number"]]
    words += ["--past-only"] if options.past_only else []
    return [str(word) for word in words + options.more]


def main():
    arguments = sys.argv[1:]
    more = arguments[arguments.index("--") + 1:] if "--" in arguments else []
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("holes", type=pathlib.Path)
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--binary", type=pathlib.Path, default=pathlib.Path("target/release/leitmotif"))
    parser.add_argument("--past-only", action="store_true")
    parser.add_argument("--emptied", action="store_true")
    parser.add_argument("--count", type=int, help="only the first holes")
    parser.add_argument("--limit", type=float, default=600, help="seconds for a hole")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments[: arguments.index("--")] if more else arguments)
    options.more = more
    options.out.mkdir(parents=True, exist_ok=True)
    outcomes, said, start = collections.Counter(), collections.Counter(), time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        for hole in songs.read_holes(options.holes)[: options.count]:
            source, target = options.root / hole["file"], songs.fill_path(options.out, hole)
            target.unlink(missing_ok=True)
            if options.emptied and hole["kind"] != "whole":
                emptied = pathlib.Path(scratch) / "emptied.mid"
                songs.write_filled(emptied, songs.Song(source), hole, {})
                source = emptied
            try:
                done = subprocess.run(command(options, hole, source, target), capture_output=True, text=True,
                                      timeout=options.limit)
                words = (done.stderr.strip().splitlines() or ["nothing"])[-1]
                failed = done.returncode != 0 or not target.exists()
            except subprocess.TimeoutExpired:
                words, failed = f"more than {options.limit:g} s", True
            if failed:
                target.unlink(missing_ok=True)
                said[words] += 1
                print(f"hole {hole['number']} ({hole['kind']}): {words}", flush=True)
            outcomes[f"{'failed' if failed else 'filled'}: {hole['kind']}"] += 1
    count = lambda what: sum(many for name, many in outcomes.items() if name.startswith(what))
    report = {"filled": count("filled"), "failed": count("failed"), **outcomes, "said": said,
              "seconds": round(time.monotonic() - start, 1)}
    (options.out / "outcomes.json").write_text(json.dumps(report))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
