//! Parses the built-in pattern packs at build time, so that the program need not read TOML when it starts.
//!
//! In: `patterns/*.toml`. Out: `packs.json`: per file its name and content, each pattern and advice with its line in front and without samples, which only
//! tests read. Checks nothing: the tests of `patterns` do.

use std::path::Path;
use std::{env, fs};

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::{Spanned, Table, Value};

/// Files of `patterns/` that are no packs.
const OTHERS: [&str; 3] = ["frames.toml", "masks.toml", "wrappers.toml"];

/// Where patterns and advice stand.
#[derive(Deserialize)]
struct Places {
    #[serde(default)]
    pattern: Vec<Spanned<IgnoredAny>>,
    #[serde(default)]
    advice: Vec<Spanned<IgnoredAny>>,
}

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
    let files: Vec<(String, Table)> = names
        .into_iter()
        .map(|(_, name)| {
            let text = fs::read_to_string(Path::new(&root).join("patterns").join(&name)).expect("a readable pack");
            let content = prepare(&text).unwrap_or_else(|e| panic!("patterns/{name}: {e}"));
            (name, content)
        })
        .collect();
    let out = Path::new(&env::var("OUT_DIR").expect("set by cargo")).join("packs.json");
    fs::write(out, serde_json::to_string(&files).expect("plain data")).expect("a writable folder");
}

fn prepare(text: &str) -> Result<Table, toml::de::Error> {
    let mut content: Table = toml::from_str(text)?;
    let places: Places = toml::from_str(text)?;
    for (key, places) in [("pattern", places.pattern), ("advice", places.advice)] {
        let Some(Value::Array(items)) = content.get_mut(key) else { continue };
        for (item, place) in items.iter_mut().zip(places) {
            if let Value::Table(table) = item {
                table.remove("sample");
                table.remove("near_miss");
            }
            let line = 1 + text[..place.span().start].matches('\n').count() as i64;
            *item = Value::Array(vec![Value::Integer(line), item.clone()]);
        }
    }
    Ok(content)
}
