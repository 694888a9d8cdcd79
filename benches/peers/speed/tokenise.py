"""MidiTok's REMI over a folder of MIDI files: `tokenise.py FOLDER PROCESSES`. For each line on the standard input it reads all
files, and prints the seconds and the files that it could read as a line of JSON; imports and workers are ready before."""

import json
import sys
import time
from multiprocessing import Pool
from pathlib import Path

from miditok import REMI, TokenizerConfig

TOKENIZER = REMI(TokenizerConfig(use_programs=True, use_tempos=True, use_time_signatures=True))


def tokens(path):
    try:
        return len(TOKENIZER(path))
    except Exception:
        return None


if __name__ == "__main__":
    files = sorted(path for path in Path(sys.argv[1]).rglob("*") if path.suffix.lower() in (".mid", ".midi"))
    with Pool(int(sys.argv[2])) as pool:
        for _ in sys.stdin:
            start = time.perf_counter()
            read = [count for count in pool.imap_unordered(tokens, files, chunksize=4) if count is not None]
            print(json.dumps({"seconds": time.perf_counter() - start, "events": len(read)}), flush=True)
