//! The form in which packs are read when the program starts: without a word of TOML, and without a copy of any text.
//!
//! In: what [`super::load`] read and checked. Out: bytes, and from bytes the same again with texts that are borrowed from them. `build.rs` writes those of
//! the built-in packs; both sides are built from the same source, so that there are no versions.

use super::load::Loaded;

/// A file by its name.
pub type File<T = &'static str> = (T, Loaded<T>);

/// The bytes of some files.
pub fn write(files: &[File<String>]) -> Result<Vec<u8>, String> {
    postcard::to_allocvec(files).map_err(|e| e.to_string())
}

/// The files that [`write()`] made the bytes of.
pub fn read(bytes: &'static [u8]) -> Result<Vec<File>, String> {
    let mut files: Vec<File> = postcard::from_bytes(bytes).map_err(|e| e.to_string())?;
    for (name, content) in &mut files {
        for pattern in &mut content.patterns {
            (pattern.file, pattern.pack) = (*name, stem(name));
        }
    }
    Ok(files)
}

/// What a pack is called: its file without folders and `.toml`.
fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.strip_suffix(".toml").unwrap_or(name)
}
