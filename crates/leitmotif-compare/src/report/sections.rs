//! The report's sections, in their order.

use super::effects::Effect;
use super::gaps::Gap;
use super::statistics::Unit;
use super::tables::{differences, facts, frames, losses, music};
use super::view::View;
use super::{figures, findings, glossary};
use crate::Music;
use crate::document::{Block, Section, Table};
use crate::words::{count, counted, duration, list};

/// More runs than this are listed in tables of so many columns each.
const RUNS_A_TABLE: usize = 6;

/// What was done, and what is not there.
pub fn done(view: &View<'_>) -> Section {
    let results = view.results;
    let mut section = Section::new("done", "What was done");
    if !results.question.trim().is_empty() {
        section.text(format!("The question: {}", results.question.trim()));
    }
    section.text(summary(view));
    warnings(view, &mut section);
    results.remarks.iter().for_each(|remark| {
        section.text(remark.as_str());
    });
    let mut more = vec![Block::Table(facts::arms(view)), Block::Table(facts::tests(view))];
    more.push(Block::Table(facts::runs(view)));
    more.retain(|block| !matches!(block, Block::Table(table) if table.rows.is_empty()));
    section.details("Arms, test sets and runs", more);
    section
}

fn summary(view: &View<'_>) -> String {
    let results = view.results;
    let finished = view.runs().count();
    let names = |names: Vec<&str>| list(&names);
    let mut text = format!(
        "{} of {} finished, of {}",
        count(finished as u64),
        counted(results.planned_runs, "planned run"),
        counted(results.arms.len(), "arm")
    );
    if !results.arms.is_empty() {
        text += &format!(" ({})", names(results.arms.iter().map(|arm| arm.name.as_str()).collect()));
    }
    for factor in &results.factors {
        text +=
            &format!(", {} at {}", factor.name, names(factor.levels.iter().map(|level| level.name.as_str()).collect()));
    }
    let seeds: Vec<String> = results.seeds.iter().map(u64::to_string).collect();
    text += &format!(", {} ({}). ", counted(seeds.len(), "seed"), list(&seeds));
    let it = &results.collection;
    text += &format!(
        "The collection ({}) has {}, of which {} were kept; {} were dropped as near-duplicates and {} for other reasons. ",
        list(&it.inputs),
        counted(it.files, "file"),
        counted(it.songs, "song"),
        count(it.duplicates as u64),
        count(it.dropped as u64)
    );
    let tests = names(results.tests.iter().map(|test| test.name.as_str()).collect());
    text += &format!(
        "All models were tested on {} ({tests}) that no arm trained on. ",
        counted(results.tests.len(), "common test set")
    );
    let seconds: f64 = view.runs().map(|run| run.found.seconds).sum();
    text + &format!("Training took {} in total.", duration(seconds))
}

fn warnings(view: &View<'_>, section: &mut Section) {
    if view.cells.is_empty() {
        section.blocks.push(Block::Warning("No run has finished: there is nothing to report yet.".into()));
    }
    let failed = view.failed();
    if !failed.is_empty() {
        let lines = failed.iter().map(|(run, error)| format!("{}: {error}", run.id)).collect();
        section.blocks.push(Block::Warning(format!(
            "{} failed, without any part in the numbers here:",
            counted(failed.len(), "run")
        )));
        section.blocks.push(Block::List(lines));
    }
    if view.missing() > 0 {
        let text = format!("Missing of the plan (not run, or not yet): {}.", counted(view.missing(), "run"));
        section.blocks.push(Block::Warning(text));
        let names = view.missing_names();
        if !names.is_empty() {
            section.blocks.push(Block::List(names));
        }
    }
}

/// What was found.
pub fn found(view: &View<'_>, gaps: &[Gap<'_>], effects: &[Effect<'_>]) -> Section {
    let mut section = Section::new("found", "What was found");
    let said = findings::findings(view, gaps, effects);
    if said.is_empty() {
        section.text("Nothing: no run has finished.");
    } else {
        section.text(
            "Every sentence is computed from the results. Lower is better. A difference is called so where its 95 % interval over \
             songs leaves 0 out; otherwise the two are not distinguishable.",
        );
        for (heading, sentences) in said {
            section.blocks.extend([Block::Heading(heading.into()), Block::List(sentences)]);
        }
    }
    section
}

/// The table in the original form, and learning curves.
pub fn errors(view: &View<'_>) -> Section {
    let mut section = Section::new("errors", "Training, validation and test error");
    section.table(losses::losses(view, Unit::Token)).table(losses::losses(view, Unit::Note));
    let frames = frames::frames(view);
    if !frames.rows.is_empty() {
        section.table(frames);
    }
    section
}

/// Learning curves.
pub fn curves(view: &View<'_>) -> Section {
    let mut section = Section::new("curves", "Learning curves");
    section.blocks.extend(figures::curves(view).into_iter().map(Block::Figure));
    section
}

/// Matrix and gaps.
pub fn matrix(view: &View<'_>, gaps: &[Gap<'_>]) -> Section {
    let mut section = Section::new("generalisation", "Does a model generalise to other music?");
    section.blocks.extend(figures::matrix(view).map(Block::Figure));
    let table = differences::matrix(view);
    if !table.rows.is_empty() {
        section.details("The matrix with intervals", vec![Block::Table(table)]);
    }
    section.blocks.extend(figures::gaps(gaps).map(Block::Figure));
    section.table(differences::gaps(view, gaps, false));
    let by_level = differences::gaps(view, gaps, true);
    if !by_level.rows.is_empty() {
        section.details("The same at each level", vec![Block::Table(by_level)]);
    }
    if gaps.is_empty() && !view.cells.is_empty() {
        section.text("No test set is the home of an arm that others could be compared with, so there are no gaps.");
    }
    section
}

/// Effects of factors.
pub fn effects(view: &View<'_>, effects: &[Effect<'_>]) -> Section {
    let mut section = Section::new("effects", "What the factors do");
    for (number, factor) in view.results.factors.iter().enumerate() {
        section.blocks.extend(figures::effects(&factor.name, number + 1, effects).map(Block::Figure));
    }
    section.table(differences::effects(effects, false));
    let by_arm = differences::effects(effects, true);
    if !by_arm.rows.is_empty() {
        section.details("The same in each arm", vec![Block::Table(by_arm)]);
    }
    section
}

fn composers<'a>(view: &View<'a>) -> Vec<(String, &'a Music)> {
    view.runs().filter_map(|run| Some((run.run.id.clone(), run.found.music.as_ref()?))).collect()
}

/// Musical measures.
pub fn music(view: &View<'_>) -> Section {
    let mut section = Section::new("music", "What was composed, beside real music");
    let composers = composers(view);
    // Only what was measured against the same real music shares its column.
    let mut reals: Vec<(&str, usize)> = Vec::new();
    for it in composers.iter().map(|(_, it)| (it.real.as_str(), it.real_songs)) {
        if !reals.contains(&it) {
            reals.push(it);
        }
    }
    let mut number = 0;
    for (real, songs) in reals {
        let of: Vec<_> =
            composers.iter().filter(|(_, it)| (it.real.as_str(), it.real_songs) == (real, songs)).cloned().collect();
        for part in of.chunks(RUNS_A_TABLE) {
            number += 1;
            let caption = format!(
                "Measures of the composed pieces, a column a run, beside the real music of test set {real} ({songs} songs or passages \
                 of the pieces' length). Means with 95 % intervals over pieces and songs, bold where the two intervals have no \
                 value in common. Being like real music is the aim, not a high or a low number."
            );
            section.table(music::measures(part, &format!("music-{number}"), &caption));
        }
    }
    section.table(music::two_sample(&composers));
    section.table(music::frechet(&composers));
    let features = composers.iter().enumerate();
    let features = features.map(|(n, (name, it))| music::features(name, it, &format!("features-{}", n + 1)));
    let features: Vec<Block> = features.filter(|table| !table.rows.is_empty()).map(Block::Table).collect();
    section.details("The features of Yang and Lerch", features);
    section
}

/// Originality.
pub fn originality(view: &View<'_>) -> Section {
    let mut section = Section::new("originality", "How original is it?");
    let composers = composers(view);
    let facts: Vec<_> =
        composers.iter().filter_map(|(name, it)| Some((name.as_str(), it.originality.as_ref()?))).collect();
    section.table(music::originality(&facts));
    let pieces = facts.iter().enumerate().map(|(n, (name, it))| music::pieces(name, it, &format!("pieces-{}", n + 1)));
    let pieces: Vec<Block> = pieces.filter(|table: &Table| !table.rows.is_empty()).map(Block::Table).collect();
    section.details("Piece by piece, with the nearest passages", pieces);
    section
}

/// The proof that training and test are apart.
pub fn leakage(view: &View<'_>) -> Section {
    let mut section = Section::new("apart", "Training and test are apart");
    let checks = &view.results.leakage;
    if checks.is_empty() {
        section.text("No arm was compared with a test set: that they are apart is not shown.");
        return section;
    }
    let copies =
        checks.iter().filter(|it| it.nearest.as_ref().is_some_and(|pair| pair.similarity >= it.threshold)).count();
    let same: usize = checks.iter().map(|it| it.same_files).sum();
    if copies + same > 0 {
        let text = format!(
            "Training and test are not apart: {}, and {} of an arm and a test set with songs as alike as copies.",
            counted(same, "common file"),
            counted(copies, "pair")
        );
        section.blocks.push(Block::Warning(text));
    } else {
        section.text(format!(
            "Every arm's songs were compared with every test set's ({}): no file is in both, and no two songs are as alike as the \
             threshold.",
            counted(checks.len(), "pair")
        ));
    }
    let compared: usize = view.results.arms.len() * view.results.tests.len();
    if compared > checks.len() {
        let text = format!("Only {} of {} pairs of an arm and a test set were compared.", checks.len(), compared);
        section.blocks.push(Block::Warning(text));
    }
    section.table(facts::leakage(view));
    let kept = facts::kept_out(view);
    if !kept.rows.is_empty() {
        section.details("Songs kept out", vec![Block::Table(kept)]);
    }
    section
}

/// How to do it again, and what words mean.
pub fn again(view: &View<'_>) -> Vec<Section> {
    let results = view.results;
    let mut section = Section::new("again", "How to do it again");
    let seeds: Vec<String> = results.seeds.iter().map(u64::to_string).collect();
    section.text(format!("With {} and the same collection, seeds {}:", results.tool, list(&seeds)));
    let words = results.command.iter().map(|word| shell(word)).collect::<Vec<_>>().join(" ");
    section.blocks.push(Block::Code(format!("leitmotif {words}")));
    section.details("The study file", vec![Block::Code(results.study.clone())]);
    section.details("Fingerprints", vec![Block::Table(facts::fingerprints(view))]);
    let runs: Vec<Block> = view
        .runs()
        .flat_map(|run| {
            let notes = (!run.found.notes.is_empty()).then(|| Block::List(run.found.notes.clone()));
            [Block::Heading(run.run.id.clone())].into_iter().chain(notes).chain([Block::Code(run.found.config.clone())])
        })
        .collect();
    section.details("The configuration of each run", runs);
    let mut words = Section::new("words", "What the words mean");
    words.blocks.push(Block::Terms(glossary::terms()));
    vec![section, words]
}

/// A word as a shell takes it.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
