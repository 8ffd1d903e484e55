//! Copies kdbplus's module `ipc` from cargo's source cache, unchanged except for an added child module that exports its
//! private functions.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGE: &str = "kdbplus-0.3.9";

/// A child module, because only it can access the private functions of `connection`.
const CHILD: &str = "
pub(crate) mod open {
    pub(crate) async fn compress(message: Vec<u8>) -> (bool, Vec<u8>) {
        super::compress(message).await
    }

    pub(crate) async fn decompress(stream: Vec<u8>, encoding: u8) -> Vec<u8> {
        super::decompress(stream, encoding).await
    }
}
";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let copy = out.join("ipc");
    fs::create_dir_all(&copy)?;
    for entry in fs::read_dir(source()?.join("src/ipc"))? {
        let entry = entry?;
        let mut text = fs::read_to_string(entry.path())?;
        match entry.file_name().to_str() {
            Some("connection.rs") => text.push_str(CHILD),
            Some("mod.rs") => text.push_str("pub(crate) use connection::open;\n"),
            _ => {}
        }
        fs::write(copy.join(entry.file_name()), text)?;
    }
    fs::write(out.join("opened.rs"), "pub mod ipc;\n")?;
    Ok(())
}

/// The folder of the package's source.
fn source() -> Result<PathBuf, Box<dyn Error>> {
    let output = Command::new(env::var("CARGO")?)
        .args(["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform"])
        .arg(env::var("TARGET")?)
        .output()?;
    let metadata = String::from_utf8(output.stdout)?;
    let manifest = Path::new(PACKAGE).join("Cargo.toml");
    let mut texts = metadata.split('"').map(Path::new);
    let found = texts.find(|path| path.ends_with(&manifest)).and_then(Path::parent);
    Ok(found.ok_or_else(|| format!("no source of {PACKAGE}: {}", String::from_utf8_lossy(&output.stderr)))?.to_owned())
}
