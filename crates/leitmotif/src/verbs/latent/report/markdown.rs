//! `report.md`: tables with plain sentences.

use super::summary::{number_of, told};
use super::{Accuracy, Report, collapse, control, fidelity, form, interpolation, map, variation};
use crate::words::{count, counted};

/// The page.
pub fn page(report: &Report) -> String {
    let findings = &report.findings;
    let sections = [
        Some(opening(report)),
        findings.control.as_ref().map(control),
        findings.fidelity.as_ref().map(fidelity),
        findings.accuracy.as_ref().map(accuracy),
        findings.collapse.as_ref().map(collapse),
        findings.interpolation.as_ref().map(interpolation),
        findings.variation.as_ref().map(variation),
        findings.prior.as_ref().map(prior),
        findings.map.as_ref().map(|it| map(it, report)),
        Some(songs(report)),
    ];
    sections.into_iter().flatten().collect::<Vec<_>>().join("\n\n") + "\n"
}

/// A table of Markdown: the first row is its head.
fn table(rows: &[Vec<String>]) -> String {
    let line = |row: &Vec<String>| format!("| {} |", row.join(" | "));
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    let rule = vec!["---:".to_owned(); rows.first().map_or(1, Vec::len) - 1];
    lines.insert(1.min(lines.len()), format!("| --- | {} |", rule.join(" | ")));
    lines.join("\n")
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    crate::words::row(cells)
}

fn opening(report: &Report) -> String {
    let it = &report.parameters;
    let left_out = match report.left_out {
        0 => String::new(),
        songs => format!(" {} of the choice could not be read by the model and were left out.", counted(songs, "song")),
    };
    format!(
        "# What the latents can do\n\n\
         Model `{}`, on the first {} of {} of the {} split (corpus `{}`).{left_out} Notes were drawn at temperature {} \
         with top-p {}, seed {}, {} of each bar.\n\n\
         Numbers in brackets are 95 % bootstrap intervals over songs, {} resamples.",
        short(&report.model),
        counted(it.bars, "bar"),
        counted(report.songs.len(), "song"),
        it.split,
        short(&report.corpus),
        it.temperature,
        it.top_p,
        it.seed,
        counted(it.drafts, "draft"),
        count(it.resamples),
    )
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn control(control: &control::Control) -> String {
    let mut rows =
        vec![row(["asked for", "classes", "correlation", "in the class asked", "or one beside it", "leakage"])];
    for asked in &control.asked {
        let [exact, near] = asked.chance.map(|chance| format!("{:.0} %", chance * 100.0));
        let leakage = asked.leakage.iter().map(|other| format!("{} to {}", told(other.magnitude, 2), other.attribute));
        rows.push(vec![
            if asked.kept { asked.attribute.clone() } else { format!("{}, left to the model", asked.attribute) },
            count(asked.classes),
            told(asked.correlation, 2),
            format!("{} (chance {exact})", percent(asked.exact)),
            format!("{} (chance {near})", percent(asked.within_one)),
            leakage.collect::<Vec<_>>().join(", "),
        ]);
    }
    let kept = control.asked.iter().filter(|it| it.kept);
    let pictures = kept.map(|it| format!("![{0} asked for and got](control-{0}.svg)", it.attribute));
    format!(
        "## Control\n\n\
         Every bar was rewritten from its own latent with a class of one attribute drawn at random; density was left \
         open, the other attributes stayed at the bar's own class. The correlation is Spearman's, of the class asked \
         with the value got, as in MuseMorphose (Wu & Yang 2021, section 6): 1 is perfect. Bars are kept to their \
         classes of rhythm and polyphony while they are written, as `restyle` does, or left to the model, as its \
         `--loose`. Leakage is the magnitude of \
         the correlation of the class asked with the *other* attribute's value: 0 is perfect. As magnitudes are never \
         negative, its interval does not reach 0 even where nothing leaks.\n\n{}\n\n{}",
        table(&rows),
        pictures.collect::<Vec<_>>().join("\n")
    )
}

fn percent(estimate: Option<leitmotif_study::Estimate>) -> String {
    let scaled = estimate.map(|it| leitmotif_study::Estimate {
        value: it.value * 100.0,
        low: it.low * 100.0,
        high: it.high * 100.0,
        ..it
    });
    match scaled {
        Some(it) => format!("{:.0} % [{:.0}, {:.0}]", it.value, it.low, it.high),
        None => "none".into(),
    }
}

fn fidelity(fidelity: &fidelity::Fidelity) -> String {
    let mut rows = vec![row(["likeness to the source", "reconstruction", "another song", "difference"])];
    for (name, it) in [("chroma", &fidelity.chroma), ("groove", &fidelity.groove)] {
        rows.push(row([name, &told(it.reconstruction, 3), &told(it.other_song, 3), &told(it.difference, 3)]));
    }
    format!(
        "## Fidelity\n\n\
         Every song was written anew from its latents and the classes of its attributes, and compared with itself bar \
         by bar: the cosine of pitch classes (chroma) and of onsets (groove), over bars in which both have notes. \
         Another held-out song in its place shows what any music would get. Differences are song by song.\n\n{}",
        table(&rows)
    )
}

fn accuracy(accuracy: &Accuracy) -> String {
    let Accuracy { sampled, teacher_forced } = accuracy;
    let mut notes = vec![row(["notes found again", "precision", "recall", "F1", "F1 of another song"])];
    let cells = [sampled.precision, sampled.recall, sampled.f1, sampled.other_song_f1].map(|it| told(it, 3));
    notes.push(std::iter::once("as written".to_owned()).chain(cells).collect());
    let mut fields = vec![row(["most probable is right", "own latents", "another song's latents", "difference"])];
    for it in &teacher_forced.fields {
        let name = if it.field == "all" { "all fields" } else { &it.field };
        fields.push(row([name, &told(it.own, 3), &told(it.other_song, 3), &told(it.difference, 3)]));
    }
    format!(
        "## Accuracy\n\n\
         Of the same reconstructions: {} of the sources against {} of the reconstructions, matched by bar, sixteenth \
         and pitch.\n\n{}\n\n\
         With the true notes fed back ({}): how often the value that the model holds most probable is what comes, \
         given the true fields before it. The same under another song's latents, with the song's own attributes, shows \
         what the latents add.\n\n{}",
        counted(sampled.source_notes, "note"),
        counted(sampled.reconstructed_notes, "note"),
        table(&notes),
        counted(teacher_forced.notes, "note"),
        table(&fields)
    )
}

fn collapse(collapse: &collapse::Collapse) -> String {
    let mut nats = collapse.kl_by_dimension.clone();
    nats.sort_by(|a, b| b.total_cmp(a));
    let at = |index: usize| nats.get(index).map_or("none".into(), |nats| number_of(*nats, 3));
    let bars = counted(collapse.bars_per_latent, "bar");
    let rows = [
        row(["latents", "value"]),
        row(["bars that share one", &bars]),
        row(["latents", &count(collapse.latents)]),
        row(["divergence of a latent (nats)", &told(collapse.kl_per_latent, 2)]),
        row(["dimensions", &count(collapse.dimensions)]),
        row(["dimensions in use", &told(collapse.active_units, 0)]),
        row(["divergence of the dimension that carries most (nats)", &at(0)]),
        row(["of the median one", &at(nats.len() / 2)]),
        row(["of the one that carries least", &at(nats.len().saturating_sub(1))]),
    ];
    format!(
        "## Collapse\n\n\
         A latent that says nothing costs nothing: its posterior is the standard normal. A dimension is in use where \
         the means of the posteriors vary by more than {} (Burda et al. 2015).\n\n{}\n\n![divergence by \
         dimension](kl.svg)",
        collapse::ACTIVE,
        table(&rows)
    )
}

fn interpolation(it: &interpolation::Interpolation) -> String {
    let mut steps = vec![row(["step", "like the first", "like the last"])];
    for (number, step) in (1..).zip(&it.by_step) {
        steps.push(row([&format!("{number}"), &told(step.to_first, 3), &told(step.to_last, 3)]));
    }
    let trend =
        |name: &str, trend: &interpolation::Trend| row([name, &told(trend.to_first, 2), &told(trend.to_last, 2)]);
    let trends = [
        row(["correlation with the step's number", "like the first", "like the last"]),
        trend("all steps", &it.all),
        trend("between the ends", &it.inner),
    ];
    let drawn = match it.draws {
        1 => "drawn once".into(),
        draws => format!("drawn {draws} times, of which those are taken that lead there most evenly"),
    };
    format!(
        "## Interpolation\n\n\
         {} of held-out songs of the same meters, {} steps each along great circles, those between the ends {drawn}. Likeness is the mean of the \
         chroma's and the groove's cosine with the step at either end, which are reconstructions. The ends are like \
         themselves by definition, so the steps between them are what counts: Spearman's correlation should be near -1 \
         with the first end and near 1 with the last.\n\n{}\n\n{}\n\n\
         In {} of the pairs no step goes back: each is at most as like the first end as the one before it, and at \
         least as like the last. All {} steps are valid pieces; {} have the notes of an earlier step.",
        counted(it.pairs.len(), "pair"),
        it.steps,
        table(&steps),
        table(&trends),
        percent(it.monotonic),
        count(it.valid),
        count(it.copies)
    )
}

fn variation(it: &variation::Variation) -> String {
    let mut rows = vec![row(["amount", "distance from the source"])];
    for amount in &it.amounts {
        rows.push(row([&amount.amount.to_string(), &told(amount.distance, 3)]));
    }
    format!(
        "## Variation\n\n\
         Bars {} to {} of every song (of shorter ones the middle half) were written from latents moved at random by an \
         amount: 0 is a reconstruction, 1 takes other latents altogether. The distance is one less the mean of the \
         chroma's and the groove's cosine with the source in these bars.\n\n{}\n\n\
         Spearman's correlation of amount and distance: {}. The notes of all other bars were the same in {} of {}.",
        it.bars[0],
        it.bars[1],
        table(&rows),
        told(it.correlation, 2),
        count(it.untouched),
        counted(it.songs, "song")
    )
}

fn prior(it: &form::Form) -> String {
    let mut rows = vec![row(["", "1 bar apart", "4 bars", "8 bars", "distance from the songs"])];
    let learnt = it.learnt.iter().map(|learnt| ("learnt prior", learnt));
    let all = std::iter::once(("held-out songs", &it.songs)).chain(learnt).chain([("standard normal", &it.normal)]);
    for (name, pieces) in all {
        let at = pieces.at.values().map(|at| told(*at, 2));
        let distance = if pieces.distance.is_some() { told(pieces.distance, 3) } else { String::new() };
        let named = format!("{name} ({})", count(pieces.pieces));
        rows.push(std::iter::once(named).chain(at).chain([distance]).collect());
    }
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
    format!(
        "## Prior\n\n\
         Pieces from nothing with the headers of held-out songs and attributes left open, their latents from the \
         learnt prior or from the standard normal. How alike bars are that stand so many bars apart (cosine of chroma \
         and groove together) makes a profile over lags of 1 to {}; the distance of two profiles is the mean absolute \
         difference. Its intervals are over pieces.\n\n{}\n\n{gain}{}",
        it.songs.profile.len(),
        table(&rows),
        halves.unwrap_or_default()
    )
}

fn map(it: &map::Map, report: &Report) -> String {
    let name = |song: usize| report.songs.get(song).map_or("", |song| song.path.as_str());
    let shares = it.explained.iter().map(|share| format!("{:.0} %", share * 100.0));
    format!(
        "## Map\n\n\
         The principal components of {} latents of {} of all splits; the first two have {} of the variance. The way \
         leads from the mean latent of `{}` to that of `{}`.\n\n![latents by genre](latents.svg)",
        count(it.latents),
        counted(it.songs, "song"),
        shares.collect::<Vec<_>>().join(" and "),
        name(it.way.0),
        name(it.way.1)
    )
}

fn songs(report: &Report) -> String {
    let mut rows = vec![row(["song", "genre", "bars", "notes"])];
    for song in &report.songs {
        let genre = song.genre.as_deref().unwrap_or("");
        rows.push(row([&song.path.replace('|', "\\|"), genre, &count(song.bars), &count(song.notes)]));
    }
    format!("## Songs\n\n{}", table(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_a_rule_below_their_head() {
        assert_eq!(table(&[row(["a", "b"]), row(["c", "d"])]), "| a | b |\n| --- | ---: |\n| c | d |");
    }
}
