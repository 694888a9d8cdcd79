//! The report's terms, for a reader who does not know the project.

/// Terms and what they mean.
pub fn terms() -> Vec<(String, String)> {
    let terms = [
        (
            "nat",
            "The unit of surprise with natural logarithms: an event to which a model gave probability p costs −ln p nats. A song costs the sum over its events.",
        ),
        (
            "nats per token",
            "A set's cost over its events. Comparable between models that write music with the same events only.",
        ),
        ("nats per note", "A set's cost over its notes. Comparable between all models, whatever their events."),
        ("nats per bar, nats per second", "A set's cost over its bars, or over its length in seconds as written."),
        (
            "training error",
            "What the training songs cost the chosen model: all of them, or those drawn up to the study's limit.",
        ),
        (
            "best epoch, best step",
            "Where training stood when validation was best; that model is judged. An epoch is a pass over the training songs, a step an update of the model.",
        ),
        ("arm", "What a model is trained on: songs and parts of the collection."),
        (
            "test set",
            "Songs that every model is judged on and none was trained on. The home test set of an arm is that of its own kind of music; the others are foreign.",
        ),
        ("factor, level", "What else differs between runs, such as dropout, and the values that it takes."),
        ("seed", "What the chance in a run comes from: the first weights, the order of songs, dropout."),
        (
            "95 % interval",
            "The percentile bootstrap (Efron 1979): songs are drawn anew with replacement, as many as there are, and the interval holds the middle 95 % of the values that come out. It says how the number would vary with other songs of the kind. It does not say how it would vary with other seeds.",
        ),
        (
            "paired difference",
            "Two models judged on the same songs: per song, the nats of one less those of the other; their sum over the sum of notes. How hard a song is cancels out. Over several pairs of runs a song's difference is their mean.",
        ),
        (
            "not distinguishable",
            "The interval of the difference holds 0: the songs do not show which is better. That is no proof that there is no difference.",
        ),
        (
            "generalisation gap",
            "What a test set costs a model beyond what it costs the model of its own kind of music.",
        ),
        (
            "Yang and Lerch's features",
            "Distances between pieces in features of pitch and rhythm (Yang and Lerch, On the evaluation of generative models in music, 2020): within what was composed, within real songs, and between the two. The overlap is the common area of the densities of the distances within the composed pieces and between them and real ones; the divergence is Kullback and Leibler's between the two.",
        ),
        (
            "two-sample accuracy",
            "A classifier two-sample test (Lopez-Paz and Oquab, Revisiting classifier two-sample tests, 2017): a logistic regression learns to distinguish composed pieces from real songs by the figures of their texture and is judged on those it was not trained on. The share that it puts into the right set is 0.5 where nothing distinguishes them. It depends on the number of pieces: compare runs of equally many.",
        ),
        (
            "Fréchet distance",
            "The distance of two normal distributions fitted to embeddings of passages, here by one of the study's own models.",
        ),
        (
            "longest run, overlap n",
            "The longest sequence of notes that also stands in a training song, and the share of sequences of n notes that do.",
        ),
    ];
    terms.map(|(term, means)| (term.to_owned(), means.to_owned())).to_vec()
}
