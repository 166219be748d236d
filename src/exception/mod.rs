//! Throwables in log text: cause chains, root links, fingerprints.
//!
//! In: the text of one record, of a paste or of a JSON field. Out: a [`Trace`], or none where no throwable stands. Never reads files, never knows
//! levels, loggers or times, and never says what a failure means: that is matched on the links afterwards.
//!
//! ```text
//! text ─ lines (unescape, split, classify) ─ assemble (links) ─ resolve (wrappers, root, user frame) ─ fingerprint
//!          └ frame, head                       └ rules (patterns/frames.toml, wrappers.toml)            └ template (masks.toml)
//! ```

mod assemble;
mod fingerprint;
mod frame;
mod head;
pub mod known;
mod lines;
pub mod packaging;
mod python;
pub mod quoted;
mod resolve;
mod rules;
mod start;
mod template;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::Deserialize;

pub use fingerprint::quick_key;
pub use lines::SOFT_LINE_END;
pub use rules::Rules;
pub use template::template;

/// Changes whenever the same text would get another fingerprint: with the algorithm, the masks or the frame rules.
pub const FINGERPRINT_VERSION: u32 = 1;
/// Frames kept of one link.
pub const MAX_FRAMES: usize = 24;
/// Bytes kept of one message.
pub const MAX_MESSAGE: usize = 4096;

/// One throwable with everything that hangs on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// The main cause chain, outermost first.
    pub links: Vec<Link>,
    /// Links left out of the middle of a very long chain.
    pub links_omitted: u32,
    /// `Suppressed:` blocks in the order of the text, each with its own causes; nested blocks follow their outer one.
    pub suppressed: Vec<Vec<Link>>,
    pub suppressed_omitted: u32,
    /// Index of the deepest link that is no wrapper; of the deepest link if all are.
    pub root: usize,
    pub root_is_wrapper: bool,
    /// The chain is not whole: the paste begins inside it, its end is missing, or the deepest link shows no frame of its own but `... n more`.
    pub cut: bool,
    /// The first frame in the user's code, looked for in the root link first and then outwards, but not beyond the
    /// border to another process (the client that waits for the job).
    pub user_frame: Option<Arc<Frame>>,
    /// Equal for the same failure however often and wherever it is told; see [`FINGERPRINT_VERSION`].
    pub fingerprint: u64,
    /// Line of the text, from 0, where the throwable begins (a line that only ends with it counts).
    pub first_line: usize,
    /// How many lines of the text it takes up.
    pub lines: usize,
}

impl Trace {
    /// The root link.
    pub fn root_link(&self) -> Option<&Link> {
        self.links.get(self.root)
    }

    /// Whether the root may be a failure told in full before: HotSpot leaves message and frames out when hot code throws one of these again and
    /// again (OmitStackTraceInFastThrow). Its fingerprint then differs from the full one's; the earlier trace of the same class and task tells more.
    pub fn is_fast_throw(&self) -> bool {
        const PREALLOCATED: [&str; 5] = [
            "java.lang.NullPointerException",
            "java.lang.ArithmeticException",
            "java.lang.ArrayIndexOutOfBoundsException",
            "java.lang.ArrayStoreException",
            "java.lang.ClassCastException",
        ];
        self.root_link().is_some_and(|r| r.frames.is_empty() && r.common == 0 && r.message.is_empty() && PREALLOCATED.contains(&r.class.as_str()))
    }
}

/// One throwable of a chain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    /// Qualified class name; for a SerializedThrowable that of the original. `python.<class>` for an error of a Python process.
    pub class: String,
    /// Up to [`MAX_MESSAGE`] bytes; lines are separated by LF. `null` and a missing message are both empty.
    pub message: String,
    pub message_capped: bool,
    /// The first [`MAX_FRAMES`] frames.
    pub frames: Vec<Arc<Frame>>,
    pub frames_total: u32,
    /// n of `... n more`: frames shared with the enclosing throwable.
    pub common: u32,
    /// Only carries the link below it.
    pub wrapper: bool,
    /// Line of the text, from 0.
    pub line: usize,
}

/// One line of a stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Qualified class name without module; the module's name for Python.
    pub class: String,
    pub method: String,
    /// `class.method`, as patterns ask for it.
    pub call: String,
    pub file: Option<String>,
    pub line: Option<u32>,
    pub category: FrameCategory,
}

/// Whose code a frame is; see `patterns/frames.toml`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
pub enum FrameCategory {
    User,
    Flink,
    Jdk,
    Connector,
    Library,
    Scala,
    Generated,
    Reflection,
}

/// Reads the first throwable of a text: the message of a record with its continuation lines, a pasted trace, or the (escaped) trace of a JSON field.
/// None when the text only mentions one.
pub fn parse(text: &[u8]) -> Option<Trace> {
    parse_with(Rules::shipped(), text)
}

/// [`parse`] with a user's own packages.
pub fn parse_with(rules: &Rules, text: &[u8]) -> Option<Trace> {
    if !may_hold_throwable(text) {
        return None;
    }
    let text = lines::unescaped(text);
    let lines = lines::lines(&text);
    let assembled = assemble::assemble(rules, &lines)?;
    Some(resolve::resolve(rules, assembled))
}

/// Is the line a frame that lost its `at `: `org.acme.Load.run(Load.java:7)`, with the jar behind it or not?
pub fn is_bare_frame(line: &[u8]) -> bool {
    frame::bare_frame(line).is_some()
}

/// Turns most records without a throwable away before their lines are looked at.
fn may_hold_throwable(text: &[u8]) -> bool {
    // Every throwable has a class with a package or a frame or a mark; every frame has `(`.
    [&b"Exception"[..], b"Error", b"at ", b"Caused by: ", b"Traceback", b"Throwable", b"Failure", b"Fault", b"ThreadDeath", b"Interrupted"]
        .iter()
        .any(|needle| memchr::memmem::find(text, needle).is_some())
}
