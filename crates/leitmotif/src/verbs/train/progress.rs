//! The progress of a training on the console.

use crate::console::Console;
use crate::failure::advise;
use crate::progress::Throttle;
use crate::words::{clock, count, shell};
use anyhow::Result;
use leitmotif_train::{LatentEvaluation, TrainError, TrainEvent, TrainObserver, TrainSummary};
use std::path::Path;

/// Runs a training with progress on the console.
pub fn with_progress(
    run: &Path,
    console: &Console,
    work: impl FnOnce(&dyn TrainObserver) -> Result<TrainSummary, TrainError>,
) -> Result<TrainSummary> {
    let pace = Throttle::new();
    let on_progress = |event: &TrainEvent<'_>| print_event(event, console, &pace);
    let result = work(&on_progress);
    console.clear();
    result.map_err(|error| match error {
        TrainError::Interrupted { .. } => {
            let name = shell(&run.display().to_string());
            advise(error, format!("continue with: leitmotif train --resume -o {name}"))
        }
        error => error.into(),
    })
}

fn print_event(event: &TrainEvent<'_>, console: &Console, pace: &Throttle) {
    match event {
        TrainEvent::Started { parameters, step, bf16 } => {
            let products = if *bf16 { ", products of 16-bit numbers" } else { "" };
            let place = if *step > 0 { format!(", going on at step {step}") } else { String::new() };
            console.note(format_args!("{} parameters{products}{place}", count(*parameters)));
        }
        TrainEvent::Step { step, epochs, nats_per_note, events_per_second, used, seconds_left, .. }
            if console.shows_progress() && pace.is_due() =>
        {
            let left = seconds_left.map(|left| format!("  {} left", clock(left))).unwrap_or_default();
            console.progress(&format!(
                "step {step}  pass {epochs:.1}  {nats_per_note:.2} nats/note  {events_per_second:.0} events/s  {:.0}%{left}",
                used * 100.0
            ));
        }
        TrainEvent::Line(line) => console.detail(format_args!(
            "step {}: {:.4} nats per note in training{}, {:.0} events a second",
            line.step,
            line.nats_per_note,
            line.latent.map(|latent| format!(", {:.2} a latent", latent.kl_per_latent)).unwrap_or_default(),
            line.events_per_second
        )),
        TrainEvent::Validating { done, total } if console.shows_progress() && pace.is_due() => {
            console.progress(&format!("validating  {:.0}%", *done as f64 / (*total).max(1) as f64 * 100.0));
        }
        TrainEvent::Validated(line, evaluation) => console.note(format_args!(
            "step {}: {:.4} nats per note in validation{}{}{}",
            line.step,
            line.nats_per_note,
            line.objective.map(|it| format!(", {it:.4} with latents weighed")).unwrap_or_default(),
            evaluation.latent.as_ref().map(latents).unwrap_or_default(),
            if line.best { ", the best so far" } else { "" }
        )),
        TrainEvent::Prior { epoch, epochs, nats_per_latent } if console.shows_progress() && pace.is_due() => {
            console.progress(&format!("prior  pass {epoch}/{epochs}  {nats_per_latent:.2} nats a latent"));
        }
        TrainEvent::Saved { step } => console.detail(format_args!("step {step}: saved")),
        TrainEvent::Counting { done, total } if console.shows_progress() && pace.is_due() => {
            console.progress(&format!("counting  {done}/{total} songs"));
        }
        _ => {}
    }
}

/// What a validation reports of latents: how much of the cost they are, and how many dimensions are
/// in use.
fn latents(latent: &LatentEvaluation) -> String {
    format!(
        " ({:.4} with latents given, {:.1} nats a latent, {} of {} dimensions active)",
        latent.reconstruction.value, latent.per_latent, latent.active_units, latent.dimensions
    )
}
