//! The report of a study, from its [`crate::Results`].
