//! Compresses the files under `html/` and lists them in `OUT_DIR/pages.rs`, which `src/presentation/pages/mod.rs`
//! includes.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=html");
    let manifest = env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets it"));
    let root = Path::new(&manifest).join("html");
    let mut files = Vec::new();
    collect_files(&root, &mut files)?;
    let mut pages = Vec::with_capacity(files.len());
    for file in files {
        let relative = file.strip_prefix(&root).expect("it is below the root");
        pages.push((relative.to_str().expect("names are UTF-8").to_owned(), file));
    }
    // `pages/mod.rs` finds a path by binary search.
    pages.sort();
    let mut list = String::from("&[\n");
    for (number, (path, file)) in pages.iter().enumerate() {
        let content = fs::read(file)?;
        let compressed = out.join(format!("page-{number}.gz"));
        fs::write(&compressed, gzip(&content)?)?;
        let hash = hash(&content);
        list.push_str(&format!(
            "Page {{ path: {path:?}, hash: {hash}, gzip: include_bytes!({compressed:?}) }},\n"
        ));
    }
    list.push(']');
    fs::write(out.join("pages.rs"), list)
}

/// Adds every file below `folder` to `files`.
fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect_files(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn gzip(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    encoder.finish()
}

fn hash(content: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    hasher.finish()
}
