//! The names of weights are a file format.

use crate::support::{config, describe, lstm};
use leitmotif_model::{CompressionLoss, Gating, ModelConfig};
use leitmotif_network::{Network, device};

/// Other readers of model folders (the stepping engine among them) rely on these names and shapes.
#[test]
fn names_and_shapes_stay() {
    let full = ModelConfig {
        layers: 1,
        glu: true,
        gating: Gating::Gru,
        compression_loss: CompressionLoss::AutoEncoding,
        ..config()
    };
    let list = |config: ModelConfig| {
        let network = Network::new(&describe(config), 0, &device("cpu").unwrap()).unwrap();
        let names =
            network.weights().iter().map(|(name, array)| format!("{name} {:?}", array.shape)).collect::<Vec<_>>();
        names.join("\n") + "\n"
    };
    let both = list(full) + "\n" + &list(ModelConfig { layers: 1, ..lstm() });
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/weights.txt");
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(path, &both).unwrap();
    }
    assert_eq!(both, std::fs::read_to_string(path).unwrap());
}
