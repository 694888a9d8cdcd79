//! The names of weights are a file format.

use crate::songs;
use crate::support::{config, describe, lstm};
use leitmotif_model::{CompressionLoss, FieldDecoding, Gating, LatentKind, ModelConfig, ModelDescription, Weights};
use leitmotif_network::{Network, PriorNetwork, device};

/// Other readers of model folders (the eager back end among them) rely on these names and shapes.
#[test]
fn names_and_shapes_stay() {
    let full = ModelConfig {
        layers: 1,
        glu: true,
        gating: Gating::Gru,
        compression_loss: CompressionLoss::AutoEncoding,
        ..config()
    };
    let device = device("cpu").unwrap();
    let names = |weights: &Weights| {
        let names = weights.iter().map(|(name, array)| format!("{name} {:?}", array.shape)).collect::<Vec<_>>();
        names.join("\n") + "\n"
    };
    let list = |description: ModelDescription| names(&Network::new(&description, 0, &device).unwrap().weights());
    let latents = ModelConfig { layers: 1, encoder_layers: 1, ..songs::config(LatentKind::Phrase) };
    let slots = ModelConfig { d_latent: 6, latent_slots: 3, ..latents.clone() };
    let bags = ModelConfig { d_latent: 10, latent_slots: 2, latent_bag: 3, ..latents.clone() };
    let prior = PriorNetwork::new([5, 16, 8, 2], 0, &device);
    let all = [
        list(describe(full)),
        list(describe(ModelConfig { layers: 1, ..lstm() })),
        list(songs::describe(latents)),
        list(songs::describe(slots)),
        list(songs::describe(bags)),
        names(&prior.weights()),
        list(describe(ModelConfig { layers: 1, fields: FieldDecoding::Independent, ..lstm() })),
    ];
    let all = all.join("\n");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/weights.txt");
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(path, &all).unwrap();
    }
    assert_eq!(all, std::fs::read_to_string(path).unwrap());
}
