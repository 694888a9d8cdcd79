"""Names the authors of the training songs, for the model's card.

usage: authors.py songs.tsv >> base/README.md
"""
import csv
import sys
import textwrap

with open(sys.argv[1], newline="") as file:
    songs = [row for row in csv.DictReader(file, delimiter="\t") if row["split"] == "train"]
print("\n## Authors\n\nOf the training songs, by licence, each with the number of songs.")
for licence in sorted({song["licence"] for song in songs}):
    counts = {}
    for song in songs:
        if song["licence"] == licence:
            counts[song["artist"]] = counts.get(song["artist"], 0) + 1
    names = f"**{licence}**: " + "; ".join(f"{artist} {counts[artist]}" for artist in sorted(counts)) + "."
    print("\n" + textwrap.fill(names, 100, break_long_words=False, break_on_hyphens=False))
