//! Which files are prepared by which of several runs.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The most shards of a collection.
pub const MAX_SHARDS: u32 = 65_536;

/// One of the shards of a collection. A file belongs to the one that a hash of its name says, the
/// name that it has in the corpus: listing order, other files and the folder in which the
/// collection lies do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    number: u32,
    of: u32,
}

impl Shard {
    /// Which one it is, from 1.
    pub fn number(self) -> u32 {
        self.number
    }

    /// How many there are.
    pub fn of(self) -> u32 {
        self.of
    }

    /// All shards of this one's collection.
    pub fn all(self) -> impl Iterator<Item = Self> {
        (1..=self.of).map(move |number| Self { number, ..self })
    }

    /// Whether a file of this name belongs to it. A song of a collection in one JSON file belongs
    /// where its file does.
    pub fn owns(self, name: &str) -> bool {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"shard").update(name.as_bytes());
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        u64::from_le_bytes(bytes) % u64::from(self.of) == u64::from(self.number - 1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is no shard; write it as 1/8, the first of eight (at most {MAX_SHARDS})");
        let (number, of) = text.split_once('/').ok_or_else(wrong)?;
        let shard = Self { number: number.parse().map_err(|_| wrong())?, of: of.parse().map_err(|_| wrong())? };
        let is_one = (1..=MAX_SHARDS).contains(&shard.of) && (1..=shard.of).contains(&shard.number);
        is_one.then_some(shard).ok_or_else(wrong)
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_file_belongs_to_one_shard_and_all_are_about_as_large() {
        for of in [1, 2, 3, 7] {
            let mut sizes = vec![0; of];
            for name in (0..7000).map(|number| format!("genre {}/song {number}.mid", number % 13)) {
                let owners: Vec<u32> = Shard::from_str(&format!("1/{of}"))
                    .unwrap()
                    .all()
                    .filter(|it| it.owns(&name))
                    .map(Shard::number)
                    .collect();
                assert_eq!(owners.len(), 1);
                sizes[owners[0] as usize - 1] += 1;
            }
            assert!(sizes.iter().all(|size| (size * of).abs_diff(7000) < 700), "{sizes:?}");
        }
        // Shards that are prepared by different versions depend on it.
        let of_eight = Shard::from_str("1/8").unwrap();
        let owner = |name: &str| of_eight.all().find(|shard| shard.owns(name)).unwrap().number();
        assert_eq!(["a.mid", "Rock/b.mid", "c.json"].map(owner), [6, 3, 1]);
    }

    #[test]
    fn what_is_no_shard_is_refused() {
        assert_eq!(Shard::from_str("3/8").unwrap().to_string(), "3/8");
        for text in ["", "3", "0/8", "9/8", "1/0", "1/65537", "a/b", "-1/8", "1/8/2"] {
            assert!(Shard::from_str(text).unwrap_err().contains("1/8"), "{text}");
        }
        assert!(serde_json::from_str::<Shard>("\"9/8\"").is_err());
    }
}
