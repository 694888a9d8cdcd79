//! What is in a MIDI file, event by event, read independently of the reader.

/// The tick and the bytes of every event of every track, with running status expanded. The lengths
/// of chunks must be right.
pub fn events(bytes: &[u8]) -> Vec<Vec<(u64, Vec<u8>)>> {
    let start = bytes.windows(4).position(|it| it == b"MThd").unwrap();
    let mut chunks = &bytes[start..];
    let mut tracks = Vec::new();
    while let Some((header, rest)) = chunks.split_at_checked(8) {
        let length = u32::from_be_bytes(header[4..].try_into().unwrap()) as usize;
        let Some((chunk, rest)) = rest.split_at_checked(length) else { break };
        if &header[..4] == b"MTrk" {
            tracks.push(track(chunk));
        }
        chunks = rest;
    }
    tracks
}

fn number(bytes: &mut &[u8]) -> usize {
    let mut number = 0;
    loop {
        let (byte, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        number = number << 7 | usize::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            return number;
        }
    }
}

fn track(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let (mut now, mut running, mut events) = (0, 0, Vec::new());
    while !bytes.is_empty() {
        now += number(&mut bytes) as u64;
        let status = if bytes[0] < 0x80 { running } else { bytes[0] };
        let before = bytes;
        bytes = &bytes[usize::from(bytes[0] >= 0x80)..];
        let length = match status {
            0x80..=0xBF | 0xE0..=0xEF | 0xF2 => 2,
            0xC0..=0xDF | 0xF1 | 0xF3 => 1,
            0xF0 | 0xF7 => number(&mut bytes),
            0xFF => {
                bytes = &bytes[1..];
                number(&mut bytes)
            }
            _ => 0,
        };
        bytes = &bytes[length..];
        let mut event = before[..before.len() - bytes.len()].to_vec();
        if event[0] < 0x80 {
            event.insert(0, status);
        }
        if status < 0xF0 {
            running = status;
        }
        let ends = event.starts_with(&[0xFF, 0x2F]);
        events.push((now, event));
        if ends {
            break;
        }
    }
    events
}
