//! A model with latents, trained and put to every use.

use crate::program::{SMALL, done, json, keys, run, workshop};
use leitmotif_score::{ReadOptions, Score, read_midi_file};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A folder beside the workshop's, with a `run` whose model has latents, made once.
fn studio() -> &'static Path {
    static STUDIO: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = STUDIO.get_or_init(|| {
        let folder = tempfile::tempdir_in(workshop()).unwrap();
        let sizes = [
            "model.d_latent=18",
            "model.latent_slots=4",
            "model.latent_bag=2",
            "model.encoder_layers=1",
            "latent.prior_epochs=2",
            "latent.prior_width=16",
        ];
        let mut line = vec!["train", "../corpus", "-o", "run", "--preset", "tiny-vae", "--steps", "6", "--json"];
        line.extend(SMALL.iter().chain(&sizes).flat_map(|setting| ["--set", setting]));
        let report = json(folder.path(), &line);
        assert_eq!(keys(&report["prior"]), ["epochs", "nats_per_latent", "standard_normal"]);
        folder
    });
    folder.path()
}

/// Three songs of one time signature.
fn songs() -> Vec<String> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut folders = vec![workshop().join("songs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    let four_four = |path: &PathBuf| {
        let meters = read(path).meters;
        meters.len() == 1 && (meters[0].numerator, meters[0].denominator) == (4, 4)
    };
    found.into_iter().filter(four_four).take(3).map(|path| path.display().to_string()).collect()
}

fn read(path: impl AsRef<Path>) -> Score {
    read_midi_file(path, &ReadOptions::default()).unwrap().0
}

#[test]
fn a_piece_is_reconstructed_varied_and_restyled() {
    let song = &songs()[0];
    let report = json(studio(), &["reconstruct", "run", song, "-o", "again.mid", "--json", "--roll"]);
    let expected = ["bars", "chroma", "events", "f1", "groove", "instruments", "notes", "path", "seconds", "written"];
    assert_eq!(keys(&report), expected);
    assert_eq!(report["written"].as_array().unwrap().len(), report["bars"].as_u64().unwrap() as usize);
    assert!(studio().join("again.svg").is_file() && studio().join("again.before.svg").is_file());
    let (before, after) = (read(song), read(studio().join("again.mid")));
    assert_eq!(before.tempos.len(), after.tempos.len());
    assert_eq!(before.meters, after.meters);

    let line = ["vary", "run", song, "-o", "varied.mid", "--bars", "3-4", "--amount", "0.5", "--seed", "2", "--json"];
    let varied = json(studio(), &line);
    assert_eq!(varied["written"], serde_json::json!([3, 4]));
    let bytes = std::fs::read(studio().join("varied.mid")).unwrap();
    assert_eq!(run(studio(), &line).status, 1, "nothing is overwritten");
    done(studio(), &[&line[..], &["--force", "--threads", "1"]].concat());
    assert_eq!(std::fs::read(studio().join("varied.mid")).unwrap(), bytes, "the same command, the same bytes");
    let shown = json(studio(), &["inspect", "varied.mid", "--json"]);
    let edit = &shown["made"]["edit"];
    assert_eq!((&edit["verb"], &edit["candidates"]), (&"vary".into(), &8.into()));

    // What a score has no room for stands where it was.
    let lyric = [0, 0xFF, 0x05, 2, b'l', b'a', 0, 0xB0, 7, 71];
    let mut with_lyric = std::fs::read(song).unwrap();
    let track = with_lyric.windows(4).position(|it| it == b"MTrk").unwrap();
    let length = u32::from_be_bytes(with_lyric[track + 4..track + 8].try_into().unwrap()) + lyric.len() as u32;
    with_lyric.splice(track + 4..track + 8, length.to_be_bytes());
    with_lyric.splice(track + 8..track + 8, lyric);
    std::fs::write(studio().join("sung.mid"), with_lyric).unwrap();
    for verb in [&["vary", "--bars", "3-4"][..], &["restyle", "--rhythm", "+1"], &["reconstruct"]] {
        let out = format!("{}-sung.mid", verb[0]);
        done(studio(), &[&[verb[0], "run", "sung.mid", "-o", &out], &verb[1..]].concat());
        let bytes = std::fs::read(studio().join(&out)).unwrap();
        assert!(bytes.windows(lyric.len()).any(|it| it == lyric), "{verb:?}");
        assert_eq!(json(studio(), &["inspect", &out, "--json"])["made"]["edit"]["verb"], verb[0]);
    }

    let restyle = ["restyle", "run", song, "-o", "busy.mid", "--rhythm", "+1", "--attribute", "velocity=1"];
    assert!(done(studio(), &restyle).contains("new bars"));
    let refused = run(studio(), &["restyle", "run", song, "-o", "x.mid", "--attribute", "swing=1"]);
    assert_eq!(refused.status, 2);
    assert!(refused.err.contains("rhythm, polyphony, density, velocity, register"), "{}", refused.err);
    let nothing = run(studio(), &["restyle", "run", song, "-o", "x.mid"]);
    assert_eq!((nothing.status, nothing.err.contains("nothing to change")), (2, true), "{}", nothing.err);
    let beyond = run(studio(), &["vary", "run", song, "-o", "x.mid", "--bars", "900-"]);
    assert!(beyond.status == 2 && beyond.err.contains("bars = 900-"), "{}", beyond.err);
    for candidates in ["0", "65"] {
        let refused = run(studio(), &["vary", "run", song, "-o", "x.mid", "--candidates", candidates]);
        assert!(
            refused.status == 2 && refused.err.contains(&format!("--candidates {candidates} is not")),
            "{}",
            refused.err
        );
        let refused = run(studio(), &["latents", "run", "--candidates", candidates, "-o", "none"]);
        assert!(
            refused.status == 2 && refused.err.contains(&format!("--candidates {candidates} is too")),
            "{}",
            refused.err
        );
    }
    assert!(!studio().join("x.mid").exists());
}

#[test]
fn pieces_are_interpolated_and_a_direction_is_computed() {
    let songs = songs();
    let lines = done(studio(), &["interpolate", "run", &songs[0], &songs[1], "--steps", "3", "-o", "way", "--json"]);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4, "three steps and what runs through them");
    let notes = |line: &Value| line["notes"].as_u64().unwrap();
    assert_eq!(lines[..3].iter().map(notes).sum::<u64>(), notes(&lines[3]));
    assert!(studio().join("way/through.mid").is_file() && studio().join("way/03.mid").is_file());
    for draws in ["0", "33"] {
        let refused = run(studio(), &["interpolate", "run", &songs[0], &songs[1], "--draws", draws, "-o", "none"]);
        assert!(refused.status != 0 && refused.err.contains(&format!("draws = {draws}")), "{}", refused.err);
        let refused = run(studio(), &["latents", "run", "--draws", draws, "-o", "none"]);
        assert!(refused.status == 2 && refused.err.contains(&format!("--draws {draws} is too")), "{}", refused.err);
    }
    assert!(!studio().join("none").exists(), "what is refused leaves nothing");

    let folder = |name: &str, song: &str| {
        std::fs::create_dir_all(studio().join(name)).unwrap();
        std::fs::copy(song, studio().join(name).join("song.mid")).unwrap();
    };
    folder("wild", &songs[1]);
    folder("calm", &songs[2]);
    std::fs::write(studio().join("calm/broken.mid"), b"no music").unwrap();
    let line = ["direction", "run", "--more", "calm", "--less", "wild", "-o", "calmer.json", "--json"];
    let learnt = json(studio(), &line);
    assert_eq!(keys(&learnt), ["format", "less", "model", "more", "path", "separation"]);
    assert_eq!((&learnt["more"], &learnt["less"]), (&1.into(), &1.into()), "what cannot be read is passed over");
    done(studio(), &["restyle", "run", &songs[0], "-o", "calmer.mid", "--direction", "calmer.json", "--strength", "2"]);
    let text = std::fs::read_to_string(studio().join("calmer.json")).unwrap();
    std::fs::write(studio().join("other.json"), text.replace("\"model\": \"", "\"model\": \"0")).unwrap();
    let refused = run(studio(), &["restyle", "run", &songs[0], "-o", "x.mid", "--direction", "other.json"]);
    assert!(refused.status == 1 && refused.err.contains("another model"), "{}", refused.err);
}

#[test]
fn new_pieces_come_from_latents_and_a_plain_model_has_none() {
    let line = ["generate", "run", "-o", "new.mid", "--from-latent", "--rhythm", "2", "--bars", "4", "--json"];
    let made = json(studio(), &line);
    assert_eq!((&made["bars"], &made["valid"]), (&4.into(), &true.into()));
    done(studio(), &["generate", "run", "-o", "plain.mid", "--prior", "normal", "--bars", "2"]);
    let shown = json(studio(), &["inspect", "run/best", "--json"]);
    assert_eq!((&shown["prior"], &shown["model"]["d_latent"]), (&true.into(), &18.into()));
    assert_eq!(shown["attributes"][0]["name"], "rhythm");
    assert!(done(studio(), &["inspect", "run/best"]).contains("18 dimensions in 4 slots and bags of 2 for each bar"));
    let judged = json(studio(), &["evaluate", "run", "--json"]);
    let value = |key: &str| judged["latent"][key]["value"].as_f64().unwrap();
    let whole = judged["nats_per_note"]["value"].as_f64().unwrap();
    assert!((value("reconstruction") + value("divergence") - whole).abs() < 1e-6 * whole, "{judged}");

    let song = &songs()[0];
    for line in [&["reconstruct", "run", song, "-o", "x.mid"][..], &["generate", "run", "-o", "x.mid", "--from-latent"]]
    {
        let refused = run(workshop(), line);
        assert!(refused.status == 2 && refused.err.contains("no latents"), "{}", refused.err);
        assert!(!workshop().join("x.mid").exists());
    }
}
