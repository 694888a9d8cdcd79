//! The report in a line a section.

use super::found::{Accuracy, Report};
use super::{collapse, control, fidelity, form, interpolation, map, variation};
use crate::words::{count, counted};
use leitmotif_measures::Estimate;

/// `0.52 [0.46, 0.57]`, or `none`.
pub fn told(estimate: Option<Estimate>, decimals: usize) -> String {
    match estimate {
        Some(Estimate { value, low, high, .. }) => {
            let [value, low, high] = [value, low, high].map(|number| number_of(number, decimals));
            format!("{value} [{low}, {high}]")
        }
        None => "none".into(),
    }
}

/// A number with so many decimals; never a negative zero.
pub fn number_of(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|digit| matches!(digit, '0' | '.')) => rest.to_owned(),
        _ => text,
    }
}

fn brief(estimate: Option<Estimate>) -> String {
    estimate.map_or("none".into(), |estimate| number_of(estimate.value, 2))
}

/// All sections.
pub fn lines(report: &Report) -> String {
    let findings = &report.findings;
    let sections = [
        findings.control.as_ref().map(control),
        findings.fidelity.as_ref().map(fidelity),
        findings.accuracy.as_ref().map(accuracy),
        findings.collapse.as_ref().map(collapse),
        findings.interpolation.as_ref().map(interpolation),
        findings.variation.as_ref().map(variation),
        findings.prior.as_ref().map(prior),
        findings.map.as_ref().map(map),
    ];
    sections.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn control(control: &control::Control) -> String {
    let asked = control.asked.iter().map(|asked| {
        let leak =
            asked.leakage.iter().map(|other| format!(", leaks to {} {}", other.attribute, brief(other.magnitude)));
        let loose = if asked.kept { "" } else { " (loose)" };
        format!("{}{loose} {}{}", asked.attribute, told(asked.correlation, 2), leak.collect::<String>())
    });
    format!("control: {}", asked.collect::<Vec<_>>().join("; "))
}

fn fidelity(fidelity: &fidelity::Fidelity) -> String {
    let compared = [("chroma", &fidelity.chroma), ("groove", &fidelity.groove)]
        .map(|(name, it)| format!("{name} {} (another song {})", told(it.reconstruction, 2), brief(it.other_song)));
    format!("fidelity: {}", compared.join("; "))
}

fn accuracy(accuracy: &Accuracy) -> String {
    let fields = accuracy.teacher_forced.fields.iter().filter(|field| ["pitch", "all"].contains(&field.field.as_str()));
    let fields = fields.map(|it| {
        let name = if it.field == "all" { "whole notes" } else { &it.field };
        format!("; {name} {} (another song's latents {})", told(it.own, 2), brief(it.other_song))
    });
    format!("accuracy: F1 {}{}", told(accuracy.sampled.f1, 2), fields.collect::<String>())
}

fn collapse(collapse: &collapse::Collapse) -> String {
    let active = collapse.active_units.map_or(0.0, |active| active.value);
    format!(
        "collapse: {} nats a latent, {active:.0} of {} dimensions in use",
        told(collapse.kl_per_latent, 1),
        collapse.dimensions
    )
}

fn interpolation(it: &interpolation::Interpolation) -> String {
    format!(
        "interpolation: {}, inner steps and the first end {}, the last {}; monotonic {}; {} of {} steps are copies",
        counted(it.pairs.len(), "pair"),
        told(it.inner.to_first, 2),
        told(it.inner.to_last, 2),
        brief(it.monotonic),
        count(it.copies),
        count(it.valid),
    )
}

fn variation(variation: &variation::Variation) -> String {
    let ends = [variation.amounts.first(), variation.amounts.last()];
    let [least, most] = ends.map(|amount| brief(amount.and_then(|amount| amount.distance)));
    format!(
        "variation: distance {least} to {most}, correlation {}; other bars untouched in {} of {}",
        told(variation.correlation, 2),
        count(variation.untouched),
        counted(variation.songs, "song"),
    )
}

fn prior(form: &form::Form) -> String {
    let learnt = form.learnt.as_ref().map(|learnt| format!("learnt {}, ", told(learnt.distance, 3)));
    format!(
        "prior: distance from the songs' form: {}normal {}",
        learnt.unwrap_or_default(),
        told(form.normal.distance, 3)
    )
}

fn map(map: &map::Map) -> String {
    let shares = map.explained.iter().map(|share| format!("{:.0}%", share * 100.0));
    format!(
        "map: {} latents, two components have {} of the variance",
        count(map.latents),
        shares.collect::<Vec<_>>().join(" and ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_printed_with_their_intervals() {
        let estimate = Estimate { value: -0.001, low: -0.1, high: 0.25, resamples: 1 };
        assert_eq!(told(Some(estimate), 2), "0.00 [-0.10, 0.25]");
        assert_eq!(told(None, 2), "none");
    }
}
