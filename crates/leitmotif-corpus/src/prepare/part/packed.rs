//! Events as few bytes: a value below 255 is one byte, any other is 255 and two bytes (`u16`,
//! little-endian).

use leitmotif_events::Value;

const WIDE: u8 = u8::MAX;

pub(super) fn pack(values: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len() + values.len() / 8);
    for value in values {
        match u8::try_from(*value) {
            Ok(byte) if byte != WIDE => bytes.push(byte),
            _ => {
                let [low, high] = value.to_le_bytes();
                bytes.extend_from_slice(&[WIDE, low, high]);
            }
        }
    }
    bytes
}

/// The values, after those that are there; `None` if the bytes end within one.
pub(super) fn unpack(bytes: &[u8], values: &mut Vec<Value>) -> Option<()> {
    values.reserve(bytes.len());
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        values.push(match *byte {
            WIDE => Value::from_le_bytes([*rest.next()?, *rest.next()?]),
            byte => byte.into(),
        });
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_values_come_back_and_a_cut_shows() {
        let values: Vec<Value> = (0..=Value::MAX).collect();
        let bytes = pack(&values);
        let mut back = vec![7];
        assert_eq!(unpack(&bytes, &mut back), Some(()));
        assert_eq!((back[0], &back[1..]), (7, &values[..]));
        assert_eq!(unpack(&bytes[..bytes.len() - 1], &mut Vec::new()), None);
        assert_eq!(pack(&[0, 254, 255, 256]), [0, 254, 255, 255, 0, 255, 0, 1]);
    }
}
