//! What the module promises, on small traces of named Flink versions, on the shapes people paste, and on hostile text.

mod hostile;
mod real;
mod shapes;
mod templates;

use super::*;

/// The trace of a text that must hold one.
fn trace(text: &str) -> Trace {
    parse(text.as_bytes()).unwrap_or_else(|| panic!("no throwable in {text:?}"))
}

fn classes(links: &[Link]) -> Vec<&str> {
    links.iter().map(|l| l.class.as_str()).collect()
}

fn root(trace: &Trace) -> (&str, &str) {
    trace.root_link().map_or(("", ""), |l| (l.class.as_str(), l.message.as_str()))
}

fn user(trace: &Trace) -> String {
    trace.user_frame.as_ref().map_or(String::new(), |f| format!("{}.{}:{}", f.class, f.method, f.line.unwrap_or(0)))
}
