//! The report as a document: tables with plain sentences.

use super::found::{Accuracy, Report};
use super::summary::{number_of, told};
use super::{collapse, control, fidelity, figures, form, interpolation, map, variation};
use crate::document::{Block, Cell, Document, Section, Table};
use crate::words::{count, counted};
use leitmotif_measures::Estimate;

/// The document.
pub fn document(report: &Report, tool: String, source: &'static str) -> Document {
    let findings = &report.findings;
    let sections = [
        Some(opening(report)),
        findings.control.as_ref().map(control),
        findings.fidelity.as_ref().map(fidelity),
        findings.accuracy.as_ref().map(accuracy),
        findings.collapse.as_ref().map(|it| collapse(it, report.free_bits)),
        findings.interpolation.as_ref().map(interpolation),
        findings.variation.as_ref().map(variation),
        findings.prior.as_ref().map(prior),
        findings.map.as_ref().map(|it| map(it, report)),
        Some(songs(report)),
    ];
    let sections = sections.into_iter().flatten().collect();
    Document { title: "What the latents can do".into(), sections, tool, source }
}

/// A number with so many decimals and its interval.
fn number(estimate: Option<Estimate>, decimals: usize) -> Cell {
    estimate.map_or("none".into(), |Estimate { value, low, high, .. }| {
        let [value, low, high] = [value, low, high].map(|number| number_of(number, decimals));
        Cell::small(value, format!("{low} to {high}"))
    })
}

/// A share in percent with its interval.
fn percent(estimate: Option<Estimate>) -> Cell {
    let scaled = |it: Estimate| Estimate { value: it.value * 100.0, low: it.low * 100.0, high: it.high * 100.0, ..it };
    let mut cell = number(estimate.map(scaled), 0);
    if estimate.is_some() {
        cell.text += " %";
    }
    cell
}

fn opening(report: &Report) -> Section {
    let it = &report.parameters.settings;
    let left_out = match report.left_out {
        0 => String::new(),
        songs => format!(" {} of the choice could not be read by the model and were left out.", counted(songs, "song")),
    };
    let mut section = Section::new("what", "What was measured");
    section.text(format!(
        "Model {}, on the first {} of {} of the {} split (corpus {}).{left_out} Notes were drawn at temperature {} \
         with top-p {}, seed {}, {} of each bar.",
        short(&report.model),
        counted(it.bars, "bar"),
        counted(report.songs.len(), "song"),
        it.split,
        short(&report.corpus),
        it.temperature,
        it.top_p,
        it.seed,
        counted(it.candidates, "candidate"),
    ));
    section.text(format!(
        "Intervals are 95 % bootstrap intervals over songs, {} resamples.",
        count(report.parameters.resamples)
    ));
    section
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn control(control: &control::Control) -> Section {
    let mut section = Section::new("control", "Control");
    section.text(
        "Every bar was rewritten from its own latent with a class of one attribute drawn at random; density was left \
         open, the other attributes stayed at the bar's own class. The correlation is Spearman's, of the class asked \
         with the value got, as in MuseMorphose (Wu & Yang 2021, section 6): 1 is perfect. Bars are kept to their \
         classes of rhythm and polyphony while they are written, as restyle does, or left to the model, as its \
         --loose does. Leakage is the magnitude of the correlation of the class asked with the other attribute's \
         value: 0 is perfect. As magnitudes are never negative, its interval does not reach 0 even where nothing leaks.",
    );
    let head = ["asked for", "classes", "correlation", "in the class asked", "or one beside it", "leakage"];
    let mut table = Table::new("control", "Classes asked for, and values got.", 1, head);
    for asked in &control.asked {
        let loose = if asked.kept { "" } else { ", left to the model" };
        let [exact, near] = asked.chance.map(|chance| format!(", chance {:.0} %", chance * 100.0));
        let by_chance = |mut cell: Cell, chance: &str| {
            cell.small += chance;
            cell
        };
        let leakage = asked.leakage.iter().map(|other| format!("{} to {}", told(other.magnitude, 2), other.attribute));
        table.row(vec![
            format!("{}{loose}", asked.attribute).into(),
            count(asked.classes).into(),
            number(asked.correlation, 2),
            by_chance(percent(asked.exact), &exact),
            by_chance(percent(asked.within_one), &near),
            leakage.collect::<Vec<_>>().join(", ").into(),
        ]);
    }
    section.table(table);
    let kept = control.asked.iter().filter(|it| it.kept);
    section.blocks.extend(kept.map(|it| Block::Figure(figures::control(it))));
    section
}

fn fidelity(fidelity: &fidelity::Fidelity) -> Section {
    let mut section = Section::new("fidelity", "Fidelity");
    section.text(
        "Every song was written anew from its latents and the classes of its attributes, and compared with itself bar \
         by bar: the cosine of pitch classes (chroma) and of onsets (groove), over bars in which both have notes. \
         Another held-out song in its place shows what any music would get. Differences are song by song.",
    );
    let head = ["likeness to the source", "reconstruction", "another song", "difference"];
    let mut table = Table::new("fidelity", "Likeness of reconstructions to their sources, 0 to 1.", 1, head);
    for (name, it) in [("chroma", &fidelity.chroma), ("groove", &fidelity.groove)] {
        let numbers = [it.reconstruction, it.other_song, it.difference].map(|it| number(it, 3));
        table.row([name.into()].into_iter().chain(numbers).collect());
    }
    section.table(table);
    section
}

fn accuracy(accuracy: &Accuracy) -> Section {
    let Accuracy { sampled, teacher_forced } = accuracy;
    let mut section = Section::new("accuracy", "Accuracy");
    section.text(format!(
        "Of the same reconstructions: {} of the sources against {} of the reconstructions, matched by bar, sixteenth \
         and pitch.",
        counted(sampled.source_notes, "note"),
        counted(sampled.reconstructed_notes, "note"),
    ));
    let head = ["notes found again", "precision", "recall", "F1", "F1 of another song"];
    let mut notes = Table::new("notes", "Notes of the sources in the reconstructions.", 1, head);
    let cells = [sampled.precision, sampled.recall, sampled.f1, sampled.other_song_f1].map(|it| number(it, 3));
    notes.row(["as written".into()].into_iter().chain(cells).collect());
    section.table(notes);
    section.text(format!(
        "With the true notes fed back ({}): how often the value that the model holds most probable is what comes, \
         given the true fields before it. The same under another song's latents, with the song's own attributes, shows \
         what the latents add.",
        counted(teacher_forced.notes, "note"),
    ));
    let head = ["most probable is right", "own latents", "another song's latents", "difference"];
    let mut fields = Table::new("fields", "Accuracy with the true notes fed back, field by field.", 1, head);
    for it in &teacher_forced.fields {
        let name = if it.field == "all" { "all fields" } else { &it.field };
        let numbers = [it.own, it.other_song, it.difference].map(|it| number(it, 3));
        fields.row([name.into()].into_iter().chain(numbers).collect());
    }
    section.table(fields);
    section
}

fn collapse(collapse: &collapse::Collapse, free_bits: Option<f64>) -> Section {
    let mut section = Section::new("collapse", "Collapse");
    section.text(format!(
        "A latent that says nothing costs nothing: its posterior is the standard normal. A dimension is in use where \
         the means of the posteriors vary by more than {} (Burda et al. 2015).",
        collapse::ACTIVE
    ));
    let mut nats = collapse.kl_by_dimension.clone();
    nats.sort_by(|a, b| b.total_cmp(a));
    let at = |index: usize| Cell::from(nats.get(index).map_or("none".into(), |nats| number_of(*nats, 3)));
    let rows: [(&str, Cell); 8] = [
        ("bars that share one", counted(collapse.bars_per_latent, "bar").into()),
        ("latents", count(collapse.latents).into()),
        ("divergence of a latent (nats)", number(collapse.kl_per_latent, 2)),
        ("dimensions", count(collapse.dimensions).into()),
        ("dimensions in use", number(collapse.active_units, 0)),
        ("divergence of the dimension that carries most (nats)", at(0)),
        ("of the median one", at(nats.len() / 2)),
        ("of the one that carries least", at(nats.len().saturating_sub(1))),
    ];
    let mut table = Table::new("collapse", "What latents carry.", 1, ["latents", "value"]);
    rows.into_iter().for_each(|(name, cell)| table.row(vec![name.into(), cell]));
    section.table(table);
    section.blocks.push(Block::Figure(figures::divergence(collapse, free_bits)));
    section
}

fn interpolation(it: &interpolation::Interpolation) -> Section {
    let drawn = match it.draws {
        1 => "drawn once".into(),
        draws => format!("{draws} candidates per piece, of which those that change most evenly are kept"),
    };
    let mut section = Section::new("interpolation", "Interpolation");
    section.text(format!(
        "{} of held-out songs of the same meters, {} steps each along great circles, those between the ends {drawn}. \
         Likeness is the mean of the chroma's and the groove's cosine with the step at either end, which are \
         reconstructions. The ends are like themselves by definition, so the steps between them are what counts: \
         Spearman's correlation should be near -1 with the first end and near 1 with the last.",
        counted(it.pairs.len(), "pair"),
        it.steps,
    ));
    let likeness =
        |name: String, first, last, decimals| vec![name.into(), number(first, decimals), number(last, decimals)];
    let head = ["step", "like the first", "like the last"];
    let mut steps = Table::new("interpolation", "Likeness of each step to the ends, 0 to 1.", 1, head);
    for (step, it) in (1..).zip(&it.by_step) {
        steps.row(likeness(format!("{step}"), it.to_first, it.to_last, 3));
    }
    section.table(steps);
    let head = ["correlation with the step's number", "like the first", "like the last"];
    let mut trends = Table::new("trends", "Spearman's correlation of likeness and step.", 1, head);
    for (name, trend) in [("all steps", &it.all), ("between the ends", &it.inner)] {
        trends.row(likeness(name.into(), trend.to_first, trend.to_last, 2));
    }
    section.table(trends);
    let Cell { text, small, .. } = percent(it.monotonic);
    section.text(format!(
        "In {text} ({small}) of the pairs no step goes back: each is at most as like the first end as the one before \
         it, and at least as like the last. All {} steps are valid pieces; {} have the notes of an earlier step.",
        count(it.valid),
        count(it.copies)
    ));
    section
}

fn variation(it: &variation::Variation) -> Section {
    let mut section = Section::new("variation", "Variation");
    section.text(format!(
        "Bars {} to {} of every song (of shorter ones the middle half) were written from latents moved at random by an \
         amount: 0 is a reconstruction, 1 takes other latents altogether. The distance is one less the mean of the \
         chroma's and the groove's cosine with the source in these bars.",
        it.bars[0], it.bars[1],
    ));
    let head = ["amount", "distance from the source"];
    let mut table = Table::new("variation", "Distance by amount, 0 to 1.", 1, head);
    for amount in &it.amounts {
        table.row(vec![amount.amount.to_string().into(), number(amount.distance, 3)]);
    }
    section.table(table);
    section.text(format!(
        "Spearman's correlation of amount and distance: {}. The notes of all other bars were the same in {} of {}.",
        told(it.correlation, 2),
        count(it.untouched),
        counted(it.songs, "song")
    ));
    section
}

fn prior(it: &form::Form) -> Section {
    let mut section = Section::new("prior", "Prior");
    section.text(format!(
        "Pieces from nothing with the headers of held-out songs and attributes left open, their latents from the \
         learnt prior or from the standard normal. How alike bars are that stand so many bars apart (cosine of chroma \
         and groove together) makes a profile over lags of 1 to {}; the distance of two profiles is the mean absolute \
         difference. Its intervals are over pieces.",
        it.songs.profile.len(),
    ));
    let head = ["pieces", "1 bar apart", "4 bars", "8 bars", "distance from the songs"];
    let mut table = Table::new("prior", "Likeness of bars some bars apart, 0 to 1.", 1, head);
    let learnt = it.learnt.iter().map(|learnt| ("learnt prior", learnt));
    let all = std::iter::once(("held-out songs", &it.songs)).chain(learnt).chain([("standard normal", &it.normal)]);
    for (name, pieces) in all {
        let at = pieces.at.values().map(|at| number(*at, 2));
        let distance = pieces.distance.map_or_else(Cell::default, |distance| number(Some(distance), 3));
        let named = Cell::from(format!("{name} ({})", count(pieces.pieces)));
        table.row(std::iter::once(named).chain(at).chain([distance]).collect());
    }
    section.table(table);
    let halves = it.halves.map(|halves| {
        format!(
            " The profiles of every other song and of the rest are {} apart: less than that says nothing.",
            number_of(halves, 3)
        )
    });
    let gain = match (&it.learnt, it.gain) {
        (None, _) => "The model has no learnt prior.".to_owned(),
        (_, gain) => format!(
            "The normal's distance less the learnt prior's, piece by piece: {}; above 0 the learnt prior is nearer.",
            told(gain, 3)
        ),
    };
    section.text(gain + &halves.unwrap_or_default());
    section
}

fn map(it: &map::Map, report: &Report) -> Section {
    let name = |song: usize| report.songs.get(song).map_or("", |song| song.path.as_str());
    let shares = it.explained.iter().map(|share| format!("{:.0} %", share * 100.0));
    let mut section = Section::new("map", "Map");
    section.text(format!(
        "The principal components of {} latents of {} of all splits; the first two have {} of the variance. The path \
         leads from the mean latent of {} to that of {}.",
        count(it.latents),
        counted(it.songs, "song"),
        shares.collect::<Vec<_>>().join(" and "),
        name(it.path.0),
        name(it.path.1)
    ));
    section.blocks.push(Block::Figure(figures::map(it)));
    section
}

fn songs(report: &Report) -> Section {
    let mut section = Section::new("songs", "Songs");
    let mut table = Table::new("songs", "The songs, cut to their first bars.", 2, ["song", "genre", "bars", "notes"]);
    for song in &report.songs {
        let genre = song.genre.clone().unwrap_or_default();
        table.row(vec![song.path.clone().into(), genre.into(), count(song.bars).into(), count(song.notes).into()]);
    }
    section.table(table);
    section
}
