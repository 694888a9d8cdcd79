"""Lists the songs of the base model: path, genre, artist, title, licence, source, split, md5.

usage: songs.py DATA PREPARED/songs.jsonl > songs.tsv

DATA holds the folders open-band, scores, groove and js-fakes, each with its list of songs. Songs of open-band keep the
split by artist of a corpus that was prepared from it with `--split-by artist --split-seed 137`. Only songs whose licence
allows giving weights away are training songs, and none by an artist of whom a validation or test song is.
"""
import csv
import hashlib
import json
import os
import re
import sys

FREE = {
    "CC0-1.0", "Public Domain", "BSD-3-Clause", "Artistic-1.0", "CC-BY", "CC-BY-4.0", "CC-BY-3.0", "CC-BY-2.5", "zlib",
    "MIT repository, public-domain songs", "Creative Commons Attribution 3.0", "Creative Commons Attribution 4.0",
    "Creative Commons Attribution 2.5",
}
# An artist with more songs than this is split by song, and has no test songs.
MANY = 20


def table(path, delimiter="\t"):
    with open(path, newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def share(text):
    """A number below 1000 that depends on the text alone."""
    return int(hashlib.md5(("leitmotif " + text).encode()).hexdigest(), 16) % 1000


def words(artist):
    return set(re.findall(r"[a-z0-9]{3,}", artist.lower()))


def main(data, prepared):
    rows = []
    with open(prepared) as file:
        split = {song["path"]: song["split"] for song in map(json.loads, file)}
    bands = [row for row in table(f"{data}/open-band/manifest.tsv") if row["path"] in split]
    held = {row["artist"] for row in bands if split[row["path"]] != "train"}
    for row in bands:
        where = split[row["path"]]
        if where != "train" or row["licence"] in FREE:
            source = f"{row['collection']} {row['source']}"
            rows.append(["open-band/" + row["path"], row["genre_rule"], row["artist"], row["title"], row["licence"],
                         source, where])

    scores = table(f"{data}/scores/manifest.tsv")
    songs = {}
    for row in scores:
        songs[row["artist"]] = songs.get(row["artist"], 0) + 1
    for row in scores:
        artist = row["artist"]
        namesakes = any(words(artist.split(":", 1)[-1]) & words(other) for other in held)
        if row["licence"] not in FREE or row["made_by"] != "people" or namesakes:
            continue
        many = songs[artist] > MANY
        number = share(row["path"] if many else artist + row["genre"])
        where = "valid" if number < 15 else "test" if number < 30 and not many else "train"
        licence = row["licence"].replace("Creative Commons Attribution", "CC-BY").replace("CC-BY ", "CC-BY-")
        rows.append(["scores/" + row["path"], row["genre"], artist, row["title"], licence, row["source"], where])

    for row in table(f"{data}/groove/info.csv", ","):
        where = {"train": "train", "validation": "valid", "test": "test"}[row["split"]]
        rows.append(["groove/" + row["midi_filename"], "drums", row["drummer"], row["id"], "CC-BY-4.0",
                     "magenta.tensorflow.org/datasets/groove", where])
    for name in sorted(os.listdir(f"{data}/js-fakes")):
        if name.endswith(".mid"):
            number = share("js" + name)
            where = "valid" if number < 20 else "test" if number < 40 else "train"
            rows.append(["js-fakes/" + name, "chorale", "JS Fake Chorales (Omar Peracha)", name[:-4], "CC-BY-4.0",
                         "github.com/omarperacha/js-fakes", where])

    out = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    out.writerow("path genre artist title licence source split md5".split())
    seen = set()
    # A file that comes twice stays in the split that is judged by.
    for row in sorted(rows, key=lambda row: (["test", "valid", "train"].index(row[6]), row[0])):
        path = f"{data}/{row[0]}"
        if not os.path.exists(path):
            continue
        with open(path, "rb") as file:
            digest = hashlib.md5(file.read()).hexdigest()
        if digest not in seen:
            seen.add(digest)
            out.writerow(row + [digest])


main(*sys.argv[1:])
