//! Draft links to a trace: true classes of serialized throwables, causes hidden in messages, wrappers, the root, the user's frame.
//!
//! In: links as the text shows them. Out: the finished [`Trace`]. Never reads the text again.

use std::sync::Arc;

use super::assemble::{Assembled, Chain, Draft};
use super::head::{Head, head, head_within};
use super::{Frame, Link, Rules, Trace, fingerprint};

const SERIALIZED: &str = "org.apache.flink.util.SerializedThrowable";
const SERIALIZED_RUNTIME: &str = "org.apache.flink.runtime.util.SerializedThrowable";
/// Causes taken out of one message.
const MAX_PEELED: usize = 16;

pub(super) fn resolve(rules: &Rules, read: Assembled) -> Trace {
    let links_omitted = read.main.omitted;
    let (links, users) = finished(rules, read.main);
    let suppressed: Vec<Vec<Link>> = read.suppressed.into_iter().map(|chain| finished(rules, chain).0).collect();

    let specific = links.iter().rposition(|l| !l.wrapper);
    let root = specific.unwrap_or(links.len().saturating_sub(1));
    let headless = frames_are_missing(&links);
    let from = links.iter().take(root + 1).rposition(|l| rules.is_border(&l.class)).unwrap_or(0);
    let user_frame = users.get(from..=root).and_then(|u| u.iter().rev().find_map(Clone::clone));
    let fingerprint = fingerprint::fingerprint(rules, links.get(..=root).unwrap_or(&[]), users.get(..=root).unwrap_or(&[]));

    Trace {
        links,
        links_omitted,
        suppressed,
        suppressed_omitted: read.suppressed_omitted,
        root,
        root_is_wrapper: specific.is_none(),
        cut: read.cut || headless,
        user_frame,
        fingerprint,
        first_line: read.first_line,
        lines: read.last_line - read.first_line + 1,
    }
}

/// Does the deepest link tell of no frame, though it cannot share all of its frames with the link above? One that is made where it is wrapped does share them.
fn frames_are_missing(links: &[Link]) -> bool {
    match links {
        [.., above, deepest] => deepest.frames.is_empty() && deepest.common as usize > above.frames_total as usize + above.common as usize,
        [only] => only.frames.is_empty() && only.common > 0,
        [] => false,
    }
}

/// The links of one chain, finished, and the first user frame of each.
fn finished(rules: &Rules, chain: Chain) -> (Vec<Link>, Vec<Option<Arc<Frame>>>) {
    let mut links = Vec::with_capacity(chain.links.len() + 1);
    let mut users = Vec::with_capacity(chain.links.len() + 1);
    for Draft { mut link, braced, user, .. } in chain.links {
        tidy_message(&mut link, braced);
        links.push(link);
        users.push(user);
    }
    original_classes(&mut links);
    peel(rules, &mut links);
    users.resize(links.len(), None);
    for i in 0..links.len() {
        let wrapper = match links.get(i..) {
            Some([link, below, ..]) => rules.is_wrapper(&link.class, &link.message, true) || tells(&link.message, below),
            Some([link]) => rules.is_wrapper(&link.class, &link.message, false),
            _ => false,
        };
        if let Some(link) = links.get_mut(i) {
            link.wrapper = wrapper;
        }
    }
    (links, users)
}

fn tidy_message(link: &mut Link, braced: bool) {
    let end = link.message.trim_end().len();
    link.message.truncate(end);
    if braced && link.message.ends_with('}') {
        link.message.pop();
    }
    // log4j 2 prints `null` for a missing message, the JVM prints none.
    if link.message == "null" {
        link.message.clear();
    }
    // An exception that was a SerializedThrowable on its way (1.16+) tells its class twice.
    for _ in 0..MAX_PEELED {
        let rest = match link.message.strip_prefix(link.class.as_str()) {
            Some("") => "",
            Some(rest) if rest.starts_with(": ") => &rest[2..],
            _ => break,
        };
        link.message = rest.to_owned();
    }
}

/// `new RuntimeException(cause)`: the message is the text of the cause.
fn tells(message: &str, below: &Link) -> bool {
    match message.strip_prefix(below.class.as_str()) {
        Some("") => true,
        Some(rest) => rest.strip_prefix(": ").is_some_and(|m| m.lines().next() == below.message.lines().next()),
        None => false,
    }
}

fn is_serialized(class: &str) -> bool {
    class == SERIALIZED || class == SERIALIZED_RUNTIME
}

fn message_head(message: &str) -> Option<Head<'_>> {
    // A head is one line; what stands on further lines is cut off here and kept by the callers.
    head(message.lines().next().unwrap_or("").as_bytes()).filter(|h| h.qualified && h.named)
}

/// Text behind `Class: ` of a message that starts with a head.
fn behind<'m>(message: &'m str, head: &Head<'_>) -> &'m str {
    message.get(head.class.len()..).map_or("", |rest| rest.trim_start_matches(':').trim_start())
}

/// Gives each SerializedThrowable the class of the exception that it stands for.
///
/// From 1.16 on its message begins with that class. Up to 1.15 the class shows only where the link above was made from this one
/// (`ExecutionException(cause)`): then that link's message is `Class: message`, and the same words are no class of the link above itself.
fn original_classes(links: &mut [Link]) {
    for i in 0..links.len() {
        let Some(link) = links.get(i) else { continue };
        if !is_serialized(&link.class) {
            continue;
        }
        if let Some(found) = message_head(&link.message) {
            let below_is_it = links
                .get(i + 1)
                .is_some_and(|below| is_serialized(&below.class) && message_head(&below.message).is_none() && below.message == behind(&link.message, &found));
            if !below_is_it {
                let (class, message) = (super::assemble::lossy(found.class), behind(&link.message, &found).to_owned());
                set(links, i, class, Some(message));
            }
            continue;
        }
        let class = i.checked_sub(1).and_then(|above| links.get(above)).and_then(|above| class_in(&above.message, &link.message));
        if let Some(class) = class {
            set(links, i, class, None);
        }
    }
}

fn set(links: &mut [Link], i: usize, class: String, message: Option<String>) {
    if let Some(link) = links.get_mut(i) {
        link.class = class;
        if let Some(message) = message {
            link.message = message;
        }
    }
}

/// The class of the throwable whose message ends the enclosing one's: `[Outer: ]Class: message`.
fn class_in(enclosing: &str, message: &str) -> Option<String> {
    let mut rest = enclosing;
    for _ in 0..MAX_PEELED {
        let found = message_head(rest)?;
        let inner = behind(rest, &found);
        if inner == message {
            return Some(super::assemble::lossy(found.class));
        }
        rest = inner;
    }
    None
}

/// Causes that only the deepest link's message tells: `CompletionException: a.b.XException: msg`, `AsynchronousException{…}`,
/// `The main method caused an error: a.b.XException: msg`, `Connection refused: host/1.2.3.4:1, caused by: java.net.ConnectException: …` (Pekko).
fn peel(rules: &Rules, links: &mut Vec<Link>) {
    for _ in 0..MAX_PEELED {
        let Some(last) = links.last_mut() else { return };
        let line = last.message.lines().next().unwrap_or("");
        // `ClassNotFoundException: a.b.XException` names no cause.
        let wrapper = rules.is_wrapper(&last.class, &last.message, false);
        let found = match line.split_once(", caused by: ").and_then(|(before, after)| Some((before.len(), line.len() - after.len(), message_head(after)?))) {
            Some((end, at, head)) => Some((Some(end), at, head)),
            None => message_head(line)
                .filter(|h| wrapper || !h.message.is_empty())
                .map(|h| (0, h))
                .or_else(|| if wrapper { head_within(line.as_bytes(), false) } else { None })
                .map(|(at, h)| (None, at, h)),
        };
        let Some((end, at, head)) = found else { return };
        let Some(text) = last.message.get(at..) else { return };
        let mut link = Link {
            class: super::assemble::lossy(head.class),
            message: behind(text, &head).to_owned(),
            message_capped: last.message_capped,
            line: last.line,
            ..Link::default()
        };
        let braced = head.braced;
        if braced {
            link.message = link.message.trim_start_matches('{').to_owned();
        }
        tidy_message(&mut link, braced);
        if let Some(end) = end {
            last.message.truncate(end);
        }
        links.push(link);
    }
}
