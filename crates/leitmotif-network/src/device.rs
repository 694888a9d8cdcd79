//! Devices by name.

use burn::tensor::Device;
use leitmotif_model::ModelError;

/// The device of this name: `cpu`, or, where the program was built with them, `cuda` and `wgpu`.
///
/// # Errors
/// [`ModelError::Device`] lists what the name may be, or how to build for it.
pub fn device(name: &str) -> Result<Device, ModelError> {
    match name {
        "cpu" => Ok(Device::flex()),
        #[cfg(feature = "cuda")]
        "cuda" => Ok(Device::cuda(0)),
        #[cfg(feature = "wgpu")]
        "wgpu" => Ok(Device::wgpu(Default::default())),
        name if matches!(name, "cuda" | "wgpu") => Err(ModelError::Device(format!(
            "this build has no {name} support: build with `--features {name}`, or use the device cpu"
        ))),
        other => Err(ModelError::Device(format!("no device named {other}: choose cpu, cuda or wgpu"))),
    }
}
