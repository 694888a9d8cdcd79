//! Whether pieces from nothing have form: how alike bars are that stand 1, 2, 3 … bars apart,
//! beside songs by people, where latents come from the trained prior and where they do not.

use super::error::LatentsError;
use super::estimates::{by_song, mean};
use super::experiment::Experiment;
use leitmotif_compose::{Conditions, Length, PriorKind, Request, generate};
use leitmotif_events::Header;
use leitmotif_measures::{Estimate, bars, lag_profile, profile_distance};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Names the section's chance.
const SECTION: u64 = 6;
/// The largest lag, in bars.
const LAGS: usize = 16;
/// The lags that are listed one by one.
const TOLD: [usize; 3] = [1, 4, 8];

/// The similarity of a piece's bars at each lag from 1.
type Profile = Vec<Option<f64>>;

/// Pieces from nothing beside songs.
#[derive(Debug, Serialize)]
pub struct Form {
    /// The held-out songs.
    pub songs: Profiled,
    /// Pieces from the trained prior, if the model has one.
    pub learnt: Option<Profiled>,
    /// Pieces from the standard normal.
    pub normal: Profiled,
    /// How much nearer to the songs' profile the trained prior's is than the normal's.
    pub gain: Option<Estimate>,
    /// How far the profiles of every other song and of the rest lie apart: what chance alone does.
    pub halves: Option<f64>,
}

/// The profiles of some pieces.
#[derive(Debug, Serialize)]
pub struct Profiled {
    /// How many.
    pub pieces: usize,
    /// The mean similarity at each lag, from 1.
    pub profile: Profile,
    /// The mean similarity at some lags, by lag.
    pub at: BTreeMap<usize, Option<Estimate>>,
    /// How far the profile lies from that of the held-out songs, the mean over lags; of those
    /// themselves there is none.
    pub distance: Option<Estimate>,
}

/// Composes and compares.
pub fn measure(experiment: &Experiment<'_>) -> Result<Form, LatentsError> {
    let songs: Vec<Profile> = experiment.songs.iter().map(|song| lag_profile(&song.bars, LAGS)).collect();
    let target = together(&songs, &all(&songs));
    let has_prior = experiment.space.prior().is_some();
    let learnt = if has_prior { Some(compose(experiment, PriorKind::Learnt, "learnt prior")?) } else { None };
    let normal = compose(experiment, PriorKind::Normal, "normal prior")?;
    let seed = experiment.seed();
    let far = |pieces: &[Profile], chosen: &[usize]| profile_distance(&together(pieces, chosen), &target);
    let distance = |pieces: &[Profile]| by_song(pieces.len(), seed, |chosen| far(pieces, chosen));
    let gain = learnt
        .as_ref()
        .and_then(|learnt| by_song(learnt.len(), seed, |chosen| Some(far(&normal, chosen)? - far(learnt, chosen)?)));
    let (even, odd): (Vec<usize>, Vec<usize>) = all(&songs).into_iter().partition(|song| song.is_multiple_of(2));
    let halves = profile_distance(&together(&songs, &even), &together(&songs, &odd));
    Ok(Form {
        songs: profiled(&songs, None, seed),
        learnt: learnt.map(|pieces| profiled(&pieces, distance(&pieces), seed)),
        normal: profiled(&normal, distance(&normal), seed),
        gain,
        halves,
    })
}

fn all(pieces: &[Profile]) -> Vec<usize> {
    (0..pieces.len()).collect()
}

/// The profiles of pieces with the headers of held-out songs, in turn.
fn compose(experiment: &Experiment<'_>, prior: PriorKind, label: &str) -> Result<Vec<Profile>, LatentsError> {
    let (pieces, length) = (experiment.settings.pieces, experiment.settings.bars);
    experiment.each(label, pieces, pieces * length, |number, progress| {
        let song = &experiment.songs[number % experiment.songs.len()];
        // The same chance whatever the prior.
        let seed = experiment.rng(SECTION, number).draw();
        // The standard normal is one at any temperature.
        let temperature = if prior == PriorKind::Learnt { experiment.settings.latent_temperature } else { 1.0 };
        let request = Request {
            header: Header { genre: song.genre.clone(), instruments: song.players() },
            length: Length::Bars(length),
            conditions: Some(Conditions { prior: Some(prior), temperature, ..Conditions::default() }),
            ..experiment.request(seed)
        };
        let known = AtomicUsize::new(0);
        let told = |now: leitmotif_compose::PieceProgress| {
            let before = known.swap(now.bars, Ordering::Relaxed);
            progress.advance(now.bars.saturating_sub(before) as u64);
        };
        let (model, representation) = (experiment.subject.model, experiment.subject.representation);
        let piece = generate(model, representation, &request, 0, &told, experiment.cancel)?;
        Ok(lag_profile(&bars(&piece.score), LAGS))
    })
}

fn profiled(pieces: &[Profile], distance: Option<Estimate>, seed: u64) -> Profiled {
    let at = |lag: usize| {
        let values: Vec<Option<f64>> = pieces.iter().map(|piece| piece.get(lag - 1).copied().flatten()).collect();
        (lag, mean(&values, seed))
    };
    let profile = together(pieces, &all(pieces));
    Profiled { pieces: pieces.len(), profile, at: TOLD.into_iter().map(at).collect(), distance }
}

/// The mean profile of the chosen pieces.
fn together(pieces: &[Profile], chosen: &[usize]) -> Profile {
    let at = |lag: usize| {
        let known: Vec<f64> = chosen.iter().filter_map(|&piece| pieces[piece].get(lag).copied().flatten()).collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    };
    (0..LAGS).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_averaged_where_they_are_known() {
        let pieces = [vec![Some(0.5), None], vec![Some(1.0), Some(0.25)]];
        assert_eq!(together(&pieces, &[0, 1])[..3], [Some(0.75), Some(0.25), None]);
        assert_eq!(together(&pieces, &[0, 0])[..2], [Some(0.5), None]);
        let profiled = profiled(&pieces, None, 0);
        assert_eq!(profiled.at[&1].map(|it| it.value), Some(0.75));
        assert_eq!((profiled.pieces, profiled.at[&8]), (2, None));
    }
}
