//! The one place that opens input files and that brings output to its place.
//!
//! - [`open`] and [`read`] take regular files alone (a pipe or a device is an error and never
//!   blocks), and read no more than a limit, whatever size the file system states.
//! - [`NewFile`] and [`write()`] make a file appear whole or not at all.
//! - [`publish`] and [`replace`] do so for folders that belong to the program, such as checkpoints;
//!   [`NewFolder`] for one that the user names, beside which others may be at work.
//! - [`Lock`] keeps a folder for one process; [`create`] and [`modify`] open files that are written
//!   where they lie.
//! - [`check_names`] and [`real_path`] are about paths that mean something else on Windows.
//!
//! What is written is flushed to the disk, then renamed, and then the folder that holds the new
//! name is flushed. A process that is killed leaves temporary names only, and whatever writes to
//! the same place next clears them.

#![forbid(unsafe_code)]

mod error;
mod folder;
mod lock;
mod modify;
mod names;
mod new_file;
mod new_folder;
mod patience;
mod read;
mod rename;
mod sync;

pub use error::FileError;
pub use folder::{publish, recover, remove, replace, sweep};
pub use lock::Lock;
pub use modify::{create, modify};
pub use names::{check_names, real_path, refused_by_windows};
pub use new_file::{NewFile, found_free, write};
pub use new_folder::{NewFolder, NewFolderError};
pub use read::{open, read, read_text};
pub use sync::sync_folder;
