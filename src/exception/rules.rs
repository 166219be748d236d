//! Frame categories, wrappers and masks: the data of `patterns/`, ready for look-ups.
//!
//! In: the embedded TOML files and a user's own packages. Out: answers about one class, link or mask.
//! Never reads a file at run time and never decides about a whole trace.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use super::assemble::lossy;
use super::frame::RawFrame;
use super::template::Masks;
use super::{Frame, FrameCategory};
use crate::memo::Memo;

const FRAMES: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/patterns/frames.toml"));
const WRAPPERS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/patterns/wrappers.toml"));
const MASKS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/patterns/masks.toml"));

static SHIPPED: LazyLock<Rules> = LazyLock::new(|| Rules::with_user_packages(&[]));

/// Everything about traces that is data: whose a frame is, what wraps, what is masked.
#[derive(Debug)]
pub struct Rules {
    /// Sorted by prefix; see [`Rules::prefix_category`].
    prefixes: Vec<Prefix>,
    generated: Vec<String>,
    python_library: Vec<String>,
    /// Sorted by class; rows of one class keep the order of the file.
    wrappers: Vec<Wrapper>,
    border: Vec<String>,
    pub(super) masks: Masks,
    /// Frames by their text: logs print the same ones again and again.
    frames: Memo<Arc<Frame>>,
}

#[derive(Debug)]
struct Prefix {
    text: String,
    category: FrameCategory,
    /// The longest other prefix that this one starts with.
    parent: Option<usize>,
}

#[derive(Debug)]
struct Wrapper {
    class: String,
    always: bool,
    message: Vec<String>,
}

#[derive(Deserialize)]
struct FramesFile {
    category: Vec<CategoryRow>,
    generated: Contains,
    python: Python,
}

#[derive(Deserialize)]
struct CategoryRow {
    name: FrameCategory,
    prefixes: Vec<String>,
}

#[derive(Deserialize)]
struct Contains {
    contains: Vec<String>,
}

#[derive(Deserialize)]
struct Python {
    library: Vec<String>,
}

#[derive(Deserialize)]
struct WrappersFile {
    border: Vec<String>,
    wrapper: Vec<WrapperRow>,
}

#[derive(Deserialize)]
struct WrapperRow {
    class: Vec<String>,
    when: When,
    #[serde(default)]
    message: Vec<String>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum When {
    Always,
    WithCause,
}

impl Rules {
    /// The rules as shipped, built once.
    pub fn shipped() -> &'static Rules {
        &SHIPPED
    }

    /// The shipped rules, and these packages (`com.acme` or `com.acme.`) as the user's code. The longest prefix wins, so a user's package may lie inside a
    /// known one.
    pub fn with_user_packages(packages: &[String]) -> Rules {
        // The files are part of the program and a test loads them: an error here cannot come from an input.
        let frames: FramesFile = toml::from_str(FRAMES).expect("patterns/frames.toml is valid");
        let wrappers: WrappersFile = toml::from_str(WRAPPERS).expect("patterns/wrappers.toml is valid");
        let masks: Masks = toml::from_str(MASKS).expect("patterns/masks.toml is valid");

        let own = packages.iter().filter(|p| !p.is_empty()).map(|p| if p.ends_with('.') { p.clone() } else { format!("{p}.") });
        let mut prefixes: Vec<(String, FrameCategory)> = own.map(|p| (p, FrameCategory::User)).collect();
        prefixes.extend(frames.category.into_iter().flat_map(|row| row.prefixes.into_iter().map(move |p| (p, row.name))));
        // Stable: of equal prefixes the user's stands first and stays.
        prefixes.sort_by(|a, b| a.0.cmp(&b.0));
        prefixes.dedup_by(|later, first| later.0 == first.0);

        let mut rows: Vec<Wrapper> = wrappers
            .wrapper
            .into_iter()
            .flat_map(|row| {
                let always = row.when == When::Always;
                row.class.into_iter().map(move |class| Wrapper { class, always, message: row.message.clone() }).collect::<Vec<_>>()
            })
            .collect();
        rows.sort_by(|a, b| a.class.cmp(&b.class));

        Rules {
            prefixes: linked(prefixes),
            generated: frames.generated.contains,
            python_library: frames.python.library,
            wrappers: rows,
            border: wrappers.border,
            masks,
            frames: Memo::with_room(4_096),
        }
    }

    /// The frame that a text shows.
    pub(super) fn frame(&self, raw: &RawFrame<'_>) -> Arc<Frame> {
        self.frames.get(raw.text, b"", || {
            let class = lossy(raw.class);
            let category = self.category(&class, raw.file.is_some());
            let method = lossy(raw.method);
            let call = format!("{class}.{method}");
            Arc::new(Frame { method, call, file: raw.file.map(lossy), line: raw.line, category, class })
        })
    }

    /// Whose code a frame of this class is; `has_file` tells whether the frame names a source file.
    pub fn category(&self, class: &str, has_file: bool) -> FrameCategory {
        if memchr::memchr(b'$', class.as_bytes()).is_some_and(|dollar| self.is_generated(class, dollar, has_file)) {
            return FrameCategory::Generated;
        }
        self.prefix_category(class).unwrap_or(FrameCategory::User)
    }

    fn is_generated(&self, class: &str, dollar: usize, has_file: bool) -> bool {
        let marked = |at: usize| class.get(at..).is_some_and(|tail| self.generated.iter().any(|mark| tail.starts_with(mark.as_str())));
        if marked(dollar) || memchr::memchr_iter(b'$', class.as_bytes()).skip(1).any(marked) {
            return true;
        }
        if has_file || memchr::memchr(b'.', class.as_bytes()).is_some() {
            return false;
        }
        let number = class.rsplit('$').next().unwrap_or("");
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    }

    /// The longest prefix of `class`. In a sorted list it is the last entry that is not greater than `class`, or one of that entry's own prefixes.
    fn prefix_category(&self, class: &str) -> Option<FrameCategory> {
        let mut at = self.prefixes.partition_point(|p| p.text.as_str() <= class).checked_sub(1);
        while let Some(prefix) = at.and_then(|i| self.prefixes.get(i)) {
            if class.starts_with(prefix.text.as_str()) {
                return Some(prefix.category);
            }
            at = prefix.parent;
        }
        None
    }

    /// Whose code a Python source file is.
    pub fn python_category(&self, path: &str) -> FrameCategory {
        if self.python_library.iter().any(|part| path.contains(part.as_str())) { FrameCategory::Library } else { FrameCategory::User }
    }

    /// Whether a link is a wrapper: `has_cause` tells whether a further link stands below it.
    pub fn is_wrapper(&self, class: &str, message: &str, has_cause: bool) -> bool {
        let simple = class.rsplit('.').next().unwrap_or(class);
        let inner = simple.rsplit('$').next().unwrap_or(simple);
        self.fits(simple, message, has_cause) || (inner != simple && self.fits(inner, message, has_cause))
    }

    /// Whether what encloses a link of this class was thrown in another process.
    pub fn is_border(&self, class: &str) -> bool {
        let simple = class.rsplit('.').next().unwrap_or(class);
        self.border.iter().any(|b| b == simple)
    }

    fn fits(&self, class: &str, message: &str, has_cause: bool) -> bool {
        let from = self.wrappers.partition_point(|w| w.class.as_str() < class);
        self.wrappers
            .iter()
            .skip(from)
            .take_while(|w| w.class == class)
            .any(|w| (w.always || has_cause) && (w.message.is_empty() || w.message.iter().any(|m| message.contains(m.as_str()))))
    }
}

/// Gives each prefix of a sorted list its parent.
fn linked(sorted: Vec<(String, FrameCategory)>) -> Vec<Prefix> {
    let mut out: Vec<Prefix> = Vec::with_capacity(sorted.len());
    for (text, category) in sorted {
        let mut parent = out.len().checked_sub(1);
        while let Some(p) = parent.and_then(|i| out.get(i)) {
            if text.starts_with(p.text.as_str()) {
                break;
            }
            parent = p.parent;
        }
        out.push(Prefix { text, category, parent });
    }
    out
}
