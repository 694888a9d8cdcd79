//! Writes the report of a made-up study into a folder, to look at:
//! `cargo run --release --example specimen OUT`.

#[path = "../tests/it/specimen.rs"]
mod specimen;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = std::env::args().nth(1).ok_or("usage: specimen OUT")?;
    let out = std::path::Path::new(&out);
    std::fs::create_dir_all(out)?;
    specimen::write_pieces(out);
    leitmotif_compare::report::write(&specimen::results(), out)?;
    Ok(())
}
