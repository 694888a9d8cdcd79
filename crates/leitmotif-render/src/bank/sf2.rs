//! Writing SoundFont 2.
//!
//! Follows the *SoundFont Technical Specification* 2.04: a RIFF form `sfbk` with the lists `INFO`,
//! `sdta` and `pdta`. Every record list ends with its terminator, every sample is followed by 46
//! zeros, a zone's key range comes first among its generators and its sample last.

/// A recorded (here: computed) sound.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub name: String,
    pub data: Vec<i16>,
    /// Samples a second at which it sounds at `root`.
    pub rate: u32,
    /// Its pitch as a MIDI key.
    pub root: u8,
    /// Loop start and end within `data`; `None` plays once.
    pub span: Option<(u32, u32)>,
}

/// A generator: a parameter of the synthesis and its amount (specification, section 8.1.3).
pub(crate) type Generator = (u16, i16);

/// Numbers of the generators in use.
pub(crate) mod generator {
    pub const CUTOFF_FROM_ENVELOPE: u16 = 11;
    pub const CUTOFF: u16 = 8;
    pub const VOLUME_FROM_LFO: u16 = 13;
    pub const CHORUS: u16 = 15;
    pub const REVERB: u16 = 16;
    pub const PAN: u16 = 17;
    pub const LFO_FREQUENCY: u16 = 22;
    pub const VIBRATO_DELAY: u16 = 23;
    pub const VIBRATO_FREQUENCY: u16 = 24;
    pub const PITCH_FROM_VIBRATO: u16 = 6;
    pub const MOD_ATTACK: u16 = 26;
    pub const MOD_DECAY: u16 = 28;
    pub const MOD_SUSTAIN: u16 = 29;
    pub const ATTACK: u16 = 34;
    pub const HOLD: u16 = 35;
    pub const DECAY: u16 = 36;
    pub const SUSTAIN: u16 = 37;
    pub const RELEASE: u16 = 38;
    pub const KEY_TO_DECAY: u16 = 40;
    pub const INSTRUMENT: u16 = 41;
    pub const KEY_RANGE: u16 = 43;
    pub const SAMPLE: u16 = 53;
    pub const SAMPLE_MODES: u16 = 54;
    pub const SCALE_TUNING: u16 = 56;
    pub const EXCLUSIVE_CLASS: u16 = 57;
    pub const ROOT_KEY: u16 = 58;
}

/// Keys that play a sample, and how.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    pub keys: (u8, u8),
    pub generators: Vec<Generator>,
    pub sample: usize,
}

/// A program: its zones become an instrument, and a preset that plays it.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub name: String,
    pub bank: u16,
    pub number: u16,
    pub zones: Vec<Zone>,
}

/// Zeros after each sample that the specification requires.
const GUARD: usize = 46;

/// Writes a bank.
pub(crate) fn write(name: &str, samples: &[Sample], programs: &[Program]) -> Vec<u8> {
    let mut info = Vec::new();
    chunk(&mut info, b"ifil", &[2, 0, 4, 0]);
    chunk(&mut info, b"isng", &text(b"EMU8000"));
    chunk(&mut info, b"INAM", &text(name.as_bytes()));
    let mut smpl = Vec::with_capacity(samples.iter().map(|s| 2 * (s.data.len() + GUARD)).sum());
    let mut headers = Vec::new();
    for sample in samples {
        let start = (smpl.len() / 2) as u32;
        smpl.extend(sample.data.iter().flat_map(|value| value.to_le_bytes()));
        smpl.extend([0; 2 * GUARD]);
        let (from, to) = sample.span.unwrap_or((0, 0));
        let end = start + sample.data.len() as u32;
        headers.extend(record_name(&sample.name));
        for value in [start, end, start + from, start + to, sample.rate] {
            headers.extend(value.to_le_bytes());
        }
        headers.extend([sample.root, 0, 0, 0, 1, 0]);
    }
    headers.extend(record_name("EOS"));
    headers.extend([0; 26]);
    let mut sdta = Vec::with_capacity(smpl.len() + 8);
    chunk(&mut sdta, b"smpl", &smpl);
    let mut riff = Vec::with_capacity(sdta.len() + (1 << 20));
    riff.extend(b"sfbk");
    list(&mut riff, b"INFO", &info);
    list(&mut riff, b"sdta", &sdta);
    list(&mut riff, b"pdta", &parameters(programs, &headers));
    let mut file = Vec::with_capacity(riff.len() + 8);
    chunk(&mut file, b"RIFF", &riff);
    file
}

fn parameters(programs: &[Program], headers: &[u8]) -> Vec<u8> {
    let (mut phdr, mut pbag, mut pgen) = (Vec::new(), Vec::new(), Vec::new());
    let (mut inst, mut ibag, mut igen) = (Vec::new(), Vec::new(), Vec::new());
    let bag = |bags: &mut Vec<u8>, generators: &Vec<u8>| {
        bags.extend(((generators.len() / 4) as u16).to_le_bytes());
        bags.extend([0, 0]);
    };
    let put = |generators: &mut Vec<u8>, number: u16, amount: [u8; 2]| {
        generators.extend(number.to_le_bytes());
        generators.extend(amount);
    };
    for (index, program) in programs.iter().enumerate() {
        phdr.extend(record_name(&program.name));
        for value in [program.number, program.bank, (pbag.len() / 4) as u16] {
            phdr.extend(value.to_le_bytes());
        }
        phdr.extend([0; 12]);
        bag(&mut pbag, &pgen);
        put(&mut pgen, generator::INSTRUMENT, (index as u16).to_le_bytes());
        inst.extend(record_name(&program.name));
        inst.extend(((ibag.len() / 4) as u16).to_le_bytes());
        for zone in &program.zones {
            bag(&mut ibag, &igen);
            put(&mut igen, generator::KEY_RANGE, [zone.keys.0, zone.keys.1]);
            for &(number, amount) in &zone.generators {
                put(&mut igen, number, amount.to_le_bytes());
            }
            put(&mut igen, generator::SAMPLE, (zone.sample as u16).to_le_bytes());
        }
    }
    phdr.extend(record_name("EOP"));
    phdr.extend([0, 0, 0, 0]);
    phdr.extend(((pbag.len() / 4) as u16).to_le_bytes());
    phdr.extend([0; 12]);
    inst.extend(record_name("EOI"));
    inst.extend(((ibag.len() / 4) as u16).to_le_bytes());
    bag(&mut pbag, &pgen);
    bag(&mut ibag, &igen);
    pgen.extend([0; 4]);
    igen.extend([0; 4]);
    let mut pdta = Vec::new();
    chunk(&mut pdta, b"phdr", &phdr);
    chunk(&mut pdta, b"pbag", &pbag);
    chunk(&mut pdta, b"pmod", &[0; 10]);
    chunk(&mut pdta, b"pgen", &pgen);
    chunk(&mut pdta, b"inst", &inst);
    chunk(&mut pdta, b"ibag", &ibag);
    chunk(&mut pdta, b"imod", &[0; 10]);
    chunk(&mut pdta, b"igen", &igen);
    chunk(&mut pdta, b"shdr", headers);
    pdta
}

fn chunk(out: &mut Vec<u8>, id: &[u8; 4], data: &[u8]) {
    out.extend(id);
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    if !data.len().is_multiple_of(2) {
        out.push(0);
    }
}

fn list(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    out.extend(b"LIST");
    out.extend((data.len() as u32 + 4).to_le_bytes());
    out.extend(kind);
    out.extend(data);
}

/// A zero-terminated text of even length.
fn text(bytes: &[u8]) -> Vec<u8> {
    let mut text = bytes.to_vec();
    text.push(0);
    if !text.len().is_multiple_of(2) {
        text.push(0);
    }
    text
}

/// A name as records hold it: 19 bytes at most, then zeros.
fn record_name(name: &str) -> [u8; 20] {
    let mut record = [0; 20];
    for (slot, byte) in record.iter_mut().take(19).zip(name.bytes().filter(u8::is_ascii)) {
        *slot = byte;
    }
    record
}
