//! Parses and checks the built-in pattern packs at build time, so that the program need not read TOML when it starts.
//!
//! In: `patterns/*.toml`. Out: `packs`, what they hold as bytes, without samples, which only tests read. Checks all but regexes and what one file says of
//! another: the tests of `patterns` do.

use std::path::Path;
use std::{env, fs};

// The program asks more of them.
#[allow(dead_code)]
#[path = "src/patterns"]
mod patterns {
    pub mod advice;
    pub mod compact;
    pub mod load;
    pub mod model;
    pub mod quantity;
    pub mod versions;
}

use patterns::{compact, load};

/// Files of `patterns/` that are no packs.
const OTHERS: [&str; 3] = ["frames.toml", "masks.toml", "wrappers.toml"];

fn main() {
    println!("cargo::rerun-if-changed=patterns");
    println!("cargo::rerun-if-changed=src/patterns/shipped.rs");
    let root = env::var("CARGO_MANIFEST_DIR").expect("set by cargo");
    let order = fs::read_to_string(Path::new(&root).join("src/patterns/shipped.rs")).expect("the list of packs");
    let mut names: Vec<(usize, String)> = fs::read_dir(Path::new(&root).join("patterns"))
        .expect("the folder of packs")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".toml") && !OTHERS.contains(&name.as_str()))
        .map(|name| (order.find(&format!("\"{name}\"")).unwrap_or_else(|| panic!("patterns/{name} is not in src/patterns/shipped.rs")), name))
        .collect();
    names.sort();
    let files: Vec<compact::File<String>> = names
        .into_iter()
        .map(|(_, name)| {
            let text = fs::read_to_string(Path::new(&root).join("patterns").join(&name)).expect("a readable pack");
            let mut content = load::parse(&name, &text, |_| Ok(())).unwrap_or_else(|errors| panic!("patterns/{}", errors[0]));
            for pattern in &mut content.patterns {
                pattern.samples.clear();
                pattern.near_misses.clear();
            }
            (name, content)
        })
        .collect();
    let out = Path::new(&env::var("OUT_DIR").expect("set by cargo")).join("packs");
    fs::write(out, compact::write(&files).expect("plain data")).expect("a writable folder");
}
