//! `docs/json.md` names the keys that `--json` prints: all of them, and no others.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

type Keys = BTreeSet<String>;

/// The keys of each section of the page: `generate`, or `inspect midi` where a verb has several
/// kinds.
fn documented() -> BTreeMap<String, Keys> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/json.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut sections: BTreeMap<String, Keys> = BTreeMap::new();
    let (mut verb, mut section) = (String::new(), String::new());
    for line in page.lines() {
        let quoted = |line: &str| line.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        if line.starts_with("## ") {
            verb = quoted(line).concat();
            section.clone_from(&verb);
        } else if line.starts_with("**`kind: ") {
            section = format!("{verb} {}", quoted(line)[0].trim_start_matches("kind: "));
            sections.entry(section.clone()).or_default().insert("kind".to_owned());
        } else if let Some(row) = line.strip_prefix("| `") {
            let cell = format!("`{}", row.split(" | ").next().unwrap());
            sections.entry(section.clone()).or_default().extend(quoted(&cell));
        }
    }
    sections
}

/// The keys of the first line that a command prints.
fn printed(folder: &Path, words: &[&str]) -> Keys {
    let program = env!("CARGO_BIN_EXE_leitmotif");
    let output = Command::new(program).args(words).args(["--quiet", "--json"]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    let line = output.stdout.split(|byte| *byte == b'\n').next().unwrap();
    let Value::Object(object) = serde_json::from_slice(line).unwrap() else { panic!("{words:?}: not an object") };
    object.keys().cloned().collect()
}

/// A run whose model has all that a model can have.
const TRAIN: &str = "train corpus -o run --steps 1 --set train.batch_size=1 --set model.d_model=8 --set model.segment=32 \
    --set model.latent=bar --set model.d_latent=4 --set model.attributes=[\"rhythm\"] --set latent.prior_epochs=1";

/// A study of one run.
const STUDY: &str = "title = 'one'\n[collection]\ninputs = ['demo/chorales']\n[budget]\nsteps = 1\n\
    [set]\ntrain.batch_size = 1\nmodel.d_model = 8\nmodel.segment = 32\n[music]\npieces = 1\nbars = 2\n\
    [[arm]]\nname = 'all'\n[[test]]\nname = 'all'\n";
/// A run that can write into pieces.
const CELLS: &str =
    "train cells -o writer --steps 1 --set train.batch_size=1 --set model.d_model=8 --set model.segment=32";
/// A run whose events are frames of one length.
const CHORALES: &str = "train chorales -o sung --steps 1 --set train.batch_size=1 --set model.d_model=8";
/// Four voices for two sixteenths, in each split.
const VOICES: &str = r#"{"train": [[[72, 67, 64, 48], [74, 67, 65, 50]]], "valid": [[[72, 67, 64, 48], [74, 67, 65, 50]]],
    "test": [[[72, 67, 64, 48], [74, 67, 65, 50]]]}"#;

#[test]
fn the_page_names_every_key() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("study.toml"), STUDY).unwrap();
    let demo = "demo -o demo --steps 2 --pieces 1 --bars 2 --soundfont built-in";
    let commands = [
        ("demo", demo),
        ("prepare", "prepare demo/chorales -o corpus"),
        ("prepare", "prepare demo/chorales -o part --shard 1/1"),
        ("prepare", "prepare --merge part -o merged"),
        ("train", TRAIN),
        ("generate", "generate run -o new.mid --bars 2 --originality --avoid-copies 9"),
        ("reconstructvaryrestyleinterpolate", "vary run new.mid -o varied.mid"),
        ("prepare", "prepare demo/chorales -o cells --representation cells"),
        ("train", CELLS),
        ("fillaccompanyharmonise", "fill writer new.mid -o filled.mid --bars 1 --originality"),
        ("evaluate", "evaluate writer --holes 3"),
        ("direction", "direction run --more demo/chorales --less demo/chorales -o direction.json"),
        ("latents", "latents run -o report --split train --songs 2 --bars 4 --pairs 1 --steps 3 --pieces 2"),
        ("critic", "critic run --split train --pieces 6 --bars 8"),
        ("generate", "generate run -o best.mid --bars 8 --best --count 2"),
        ("evaluate", "evaluate run --originality --music --pieces 2 --bars 8"),
        ("compare --dry-run", "compare study.toml -o study --dry-run"),
        ("compare", "compare study.toml -o study"),
        ("prepare", "prepare voices.json -o chorales --representation chorales"),
        ("train", CHORALES),
        ("evaluate", "evaluate sung"),
        ("render", "render new.mid -o new.wav --soundfont built-in"),
        ("inspect midi", "inspect new.mid --chords"),
        ("inspect corpus", "inspect corpus"),
        ("inspect run", "inspect run"),
        ("inspect model", "inspect run/best"),
        ("export", "export corpus -o exported"),
    ];
    std::fs::write(folder.path().join("voices.json"), VOICES).unwrap();
    // What a section's commands print together: some keys are only of some corpora.
    let mut found: BTreeMap<&str, Keys> = BTreeMap::new();
    for (section, command) in commands {
        let words: Vec<&str> = command.split_whitespace().collect();
        found.entry(section).or_default().extend(printed(folder.path(), &words));
    }
    let documented = documented();
    for (section, keys) in &found {
        assert_eq!(documented.get(*section), Some(keys), "{section}: documented on the left, printed on the right");
    }
    assert_eq!(documented.len(), found.len(), "every section is tried: {:?}", documented.keys());
}
