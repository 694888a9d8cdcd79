"""Times Leitmotif and its peers side by side and prints ratios with their spread; see README.md.

One process for each contender stays up; they take turns, a round each, so that whatever else the machine does falls on all of
them. Of each round's pair the ratio is taken; printed are the median and the range of these ratios.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PRESETS = {
    "study": ["study", "compact"],
    "study-plain": ["study", "compact", "model.memory=0", "model.compressed=0"],
    "large": ["study", "compact", "model.d_model=256", "model.d_ff=1024", "model.segment=512", "model.memory=0",
              "model.compressed=0", "train.batch_size=8"],
    "small": ["small"],
}
# name: representation, our settings, peers, warm-up steps, steps a round
TRAINING = {
    "study's configuration, memory full": ("notes", "study", ["lucidrains", "lucidrains-gated", "compressive-study", "compressive-study-compiled"], 20, 5),
    "d 64, 6 layers, segment 64, 64 lanes, no memory": ("notes", "study-plain", ["plain-study", "plain-study-compiled"], 5, 10),
    "d 256, 6 layers, segment 512, 8 lanes, no memory": ("notes", "large", ["plain-large", "plain-large-compiled"], 3, 3),
    "`small` on events, memory full": ("events", "small", ["compressive-small", "compressive-small-compiled"], 6, 2),
}


class Contender:
    """A process that does so much work for each line it is sent."""

    def __init__(self, name, command):
        self.name = name
        quiet = open(os.devnull, "w")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet, text=True)

    def work(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"{self.name} stopped (its command: {' '.join(map(str, self.process.args))})")
        return json.loads(answer)

    def peak(self):
        """The most memory it ever held, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def race(title, contenders, warm_up, line, rounds):
    """Prints events per second of all, ratios to the first, and memory."""
    for contender in contenders:
        for part in warm_up:
            contender.work(part)
    lines = line if isinstance(line, dict) else {contender.name: line for contender in contenders}
    rates = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            # Threads of the one before may still wait actively for work.
            time.sleep(0.5)
            answer = contender.work(lines[contender.name])
            rates[contender.name].append(answer["events"] / answer["seconds"])
    ours = contenders[0]
    print(f"\n{title} ({rounds} rounds)")
    print("| | events/s, median | ours / theirs, median (range) | peak MiB | theirs / ours |")
    print("|---|---|---|---|---|")
    for contender in contenders:
        ratios = [a / b for a, b in zip(rates[ours.name], rates[contender.name])]
        ratio = spread(ratios) if contender is not ours else ""
        memory = f"{contender.peak() / ours.peak():.1f}" if contender is not ours else ""
        print(f"| {contender.name} | {statistics.median(rates[contender.name]):,.0f} | {ratio} | {contender.peak():.0f} | {memory} |", flush=True)
    for contender in contenders:
        contender.end()


def run(*command):
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stderr}")


def processor():
    """The machine's name for it, with its family, and what it has of AVX-512 and AMX."""
    fields = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines())
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    wide = [flag for flag in fields["flags"].split() if flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16")]
    return f"{fields['model name']}, family {fields['cpu family']}, model {fields['model']} ({' '.join(wide)})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection", type=Path, help="a folder of MIDI files")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="cases whose title contains this")
    parser.add_argument("--avx2", action="store_true", help="hold all contenders to AVX2, as on a laptop")
    parser.add_argument("--bf16", action="store_true", help="let peers multiply in bfloat16 too (torch.autocast)")
    parser.add_argument("--work", type=Path, help="where corpora are kept [default: a temporary folder]")
    parser.add_argument("--release", type=Path, default=ROOT / "target/release", help="where Leitmotif was built")
    arguments = sys.argv[1:]
    own = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:own])
    options.prepare = arguments[own + 1 :]
    if options.avx2:
        os.environ |= {"LEITMOTIF_ISA": "avx2", "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
    print(f"{processor()}; {'AVX2' if options.avx2 else 'all instruction sets'}; {os.cpu_count()} cores", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        compare(options, options.work or Path(temporary))


def compare(options, work):
    program, worker = options.release / "leitmotif", [sys.executable, HERE / "worker.py"]
    corpora, exports = {}, {}
    for name in ["notes", "events"]:
        corpora[name], exports[name] = work / name, work / f"{name}-export"
        if not exports[name].exists():
            run(program, "prepare", options.collection, "-o", corpora[name], "--representation", name, *options.prepare)
            run(program, "export", corpora[name], "-o", exports[name])
    for title, (kind, settings, peers, warm_up, steps) in TRAINING.items():
        title = f"training, {title}"
        if options.only not in title:
            continue
        pace = [options.release / "examples/pace", corpora[kind], *PRESETS[settings]]
        contenders = [Contender("Leitmotif", pace), Contender("Leitmotif, single precision", [*pace, "train.precision=single"])]
        peers = [peer + kind for peer in peers for kind in (["", "-bf16"] if options.bf16 else [""])]
        contenders += [Contender(peer, [*worker, peer, exports[kind]]) for peer in peers]
        race(title, contenders, [warm_up], steps, options.rounds)
    writing(options, work, corpora["notes"], exports["notes"], program, worker)
    preparation(options, work, program)
    starts(options, program, corpora["events"])


def writing(options, work, corpus, export, program, worker):
    """One piece against peers, and many pieces against one."""
    cases = {
        "d 256, 6 layers, no memory": ("large", ["write-plain", "write-plain-one-thread"]),
        "study's configuration": ("study", ["write-lucidrains"]),
    }
    for title, (settings, peers) in cases.items():
        model = work / f"model-{settings}"
        if not model.exists():
            preset, *keys = [key for key in PRESETS[settings] if key != "compact"]
            keys = [f"--set={key}" for key in keys]
            run(program, "train", corpus, "-o", model, "--preset", preset, "--steps", "150", *keys)
        ours = [options.release / "examples/write", model / "last"]
        if options.only in (full := f"writing one piece of 500 notes, {title}"):
            for name, precision in [("Leitmotif", []), ("Leitmotif, single precision", ["single"])]:
                contenders = [Contender(name, [*ours, *precision])]
                contenders += [Contender(peer, [*worker, peer, export]) for peer in peers]
                race(full, contenders, ["500"], "500", options.rounds)
        if options.only in (full := f"writing sixteen pieces of 500 notes, {title}"):
            contenders = [Contender("sixteen at once", ours), Contender("one", ours)]
            race(full, contenders, ["500 16"], {"sixteen at once": "500 16", "one": "500"}, options.rounds)


class Preparation:
    """`leitmotif prepare` as a whole process, each time anew."""

    name = "Leitmotif"

    def __init__(self, command, files, output):
        self.command, self.files, self.output, self.most = command, files, output, 0.0

    def work(self, line):
        shutil.rmtree(self.output, ignore_errors=True)
        start = time.perf_counter()
        process = subprocess.Popen([*self.command, "-o", self.output], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds, self.most = time.perf_counter() - start, max(self.most, usage.ru_maxrss / 1024)
        if status:
            sys.exit(f"{' '.join(map(str, self.command))} failed")
        return {"seconds": seconds, "events": self.files}

    def peak(self):
        return self.most

    def end(self):
        pass


def preparation(options, work, program):
    title = "preparing (files/s)"
    if options.only not in title:
        return
    files = sum(path.suffix.lower() in (".mid", ".midi") for path in options.collection.rglob("*"))
    contenders = [Preparation([program, "prepare", options.collection, *options.prepare], files, work / "again")]
    for processes in (1, 2):
        command = [sys.executable, HERE / "tokenise.py", options.collection, str(processes)]
        contenders.append(Contender(f"MidiTok REMI on symusic, {processes} process(es)", command))
    race(title, contenders, [], "", options.rounds)


def starts(options, program, corpus):
    if options.only not in "start of the program":
        return
    print("\nstart of the program, whole processes\n| | median ms | least | most |\n|---|---|---|---|")
    song = next(path for path in sorted(options.collection.rglob("*.mid")))
    for name, arguments in {"--help": ["--help"], "inspect SONG": ["inspect", song], "inspect CORPUS": ["inspect", corpus]}.items():
        times = []
        for _ in range(30):
            start = time.perf_counter()
            run(program, *arguments)
            times.append((time.perf_counter() - start) * 1000)
        print(f"| `{name}` | {statistics.median(times):.1f} | {min(times):.1f} | {max(times):.1f} |", flush=True)


if __name__ == "__main__":
    main()
