//! Files and requests beyond the limits of docs/limits.md.

use crate::program::{done, run, workshop};
use std::path::Path;

/// A copy of a folder of the workshop.
fn copied(from: &str, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(workshop().join(from)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        match path.is_dir() {
            true => copied(&path.display().to_string(), &to.join(name)),
            false => drop(std::fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}

/// Makes a file that claims so many bytes, which the disk does not hold, and brings it back after
/// the command, which must refuse it.
fn refused(folder: &Path, file: &str, bytes: u64, command: &str) {
    let path = folder.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let whole = std::fs::read(&path).ok();
    std::fs::File::create(&path).unwrap().set_len(bytes).unwrap();
    let ran = run(folder, &command.split(' ').collect::<Vec<&str>>());
    assert_ne!(ran.status, 0, "{command}");
    let name = path.file_name().unwrap().to_string_lossy();
    assert!(ran.err.contains(&*name) && ran.err.contains("at most"), "{command}: {}", ran.err);
    match whole {
        Some(whole) => std::fs::write(&path, whole).unwrap(),
        None => std::fs::remove_file(&path).unwrap(),
    }
}

#[test]
fn files_beyond_their_limits_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    copied("run/best", &folder.join("model"));
    copied("corpus", &folder.join("corpus"));
    let part = folder.join("part").display().to_string();
    done(workshop(), &["prepare", "songs", "-o", &part, "--shard", "1/1"]);
    let refused = |file: &str, bytes: u64, command: &str| refused(folder, file, bytes, command);
    refused("part/part.json", (256 << 20) + 1, "prepare --merge part -o other");
    let generate = "generate model -o new.mid --bars 1";
    refused("model/config.json", (1 << 20) + 1, generate);
    refused("model/observed.json", (64 << 20) + 1, generate);
    refused("corpus/corpus.json", (64 << 20) + 1, "inspect corpus");
    refused("table.csv", (1 << 30) + 1, "prepare corpus -o other --metadata table.csv");
    refused("settings.toml", (1 << 20) + 1, "train corpus -o other --config settings.toml");
    refused("study.toml", (1 << 20) + 1, "compare study.toml -o study");
    refused("bank.sf2", (2 << 30) + 1, "generate model -o new.mid --bars 1 --wav --soundfont bank.sf2");
    // A collection that begins as one.
    let collection = folder.join("songs.json");
    std::fs::write(&collection, r#"{"train": ["#).unwrap();
    std::fs::OpenOptions::new().write(true).open(&collection).unwrap().set_len((64 << 20) + 1).unwrap();
    let ran = run(folder, &["prepare", "songs.json", "-o", "other"]);
    assert!(ran.status != 0 && ran.err.contains("longer than 67108864 bytes"), "{}", ran.err);
    // A line of a table without end.
    let songs = folder.join("corpus/songs.jsonl");
    std::fs::write(&songs, vec![b'a'; (1 << 20) + 1]).unwrap();
    let ran = run(folder, &["inspect", "corpus"]);
    assert!(ran.status != 0 && ran.err.contains("line 1 is longer than 1048576 bytes"), "{}", ran.err);
    // A Markov model is one file beside its description.
    done(
        workshop(),
        &["train", "corpus", "-o", &folder.join("chain").display().to_string(), "--set", "model.kind=markov"],
    );
    refused("chain/best/model.safetensors", (2 << 30) + 1, "generate chain -o new.mid --bars 1");
    refused("chain/run.json", (1 << 20) + 1, "train --resume -o chain");
    copied("run", &folder.join("run"));
    let checkpoints = std::fs::read_dir(folder.join("run/checkpoints")).unwrap();
    let newest = checkpoints.map(|entry| entry.unwrap().file_name()).max().unwrap();
    let state = format!("run/checkpoints/{}/state.json", newest.to_string_lossy());
    refused(&state, (64 << 20) + 1, "train --resume -o run");
    assert!(!folder.join("new.mid").exists() && !folder.join("other").exists());
}

#[test]
fn requests_beyond_the_limits_are_refused() {
    let commands = [
        ("generate run -o a.mid --bars 32769", "between 1 and 32768"),
        ("generate run -o a.mid --notes 10000001", "between 1 and 10000000"),
        ("generate run -o a.mid --seconds 86401", "at most 86400"),
        ("fill run song.mid -o a.mid --bars 1 --candidates 65", "between 1 and 64"),
        ("train corpus -o other --steps 1 --set train.batch_size=16385", "16384"),
    ];
    for (command, reason) in commands {
        let ran = run(workshop(), &command.split(' ').collect::<Vec<&str>>());
        assert!(ran.status != 0 && ran.err.contains(reason), "{command}: {}", ran.err);
    }
}

#[test]
fn studies_have_limits() {
    let folder = tempfile::tempdir().unwrap();
    let songs = workshop().join("songs");
    let study = |more: &str| {
        let text = format!("title = 'many'\n{more}\n[[arm]]\nname = 'all'\n[[test]]\nname = 'all'\n");
        std::fs::write(folder.path().join("study.toml"), text).unwrap();
        let collection = songs.display().to_string();
        run(folder.path(), &["compare", "study.toml", "-o", "study", "--dry-run", "--collection", &collection])
    };
    let ran = study("[collection]\ninputs = ['songs']\n[music]\npieces = 1001");
    assert!(ran.status != 0 && ran.err.contains("at most 1000"), "{}", ran.err);
    let factor = |name: &str, key: &str| {
        let values: Vec<String> = (1..=101).map(|it| it.to_string()).collect();
        format!("[[factor]]\nname = '{name}'\nkey = '{key}'\nvalues = [{}]\n", values.join(", "))
    };
    let factors = [factor("a", "train.checkpoint_every"), factor("b", "train.log_every")].concat();
    let ran = study(&format!("[collection]\ninputs = ['songs']\n[budget]\nsteps = 1\n{factors}"));
    assert!(ran.status != 0 && ran.err.contains("more than 10000 runs"), "{}", ran.err);
}
