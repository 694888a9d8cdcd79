//! The trainable networks.
