//! Python tracebacks, as Beam and Py4J put them into messages: outermost call first, the error on the last line.
//!
//! In: lines from `Traceback (most recent call last):` on. Out: a link. Never reads what follows the error's first line.

use std::sync::Arc;

use super::assemble::{append, lossy};
use super::frame::number;
use super::lines::{Kind, Line};
use super::{Frame, Link, MAX_FRAMES, Rules};

/// Reads a traceback; gives the link, if the error is there, and the line behind it.
pub(super) fn traceback(rules: &Rules, lines: &[Line<'_>], from: usize) -> (Option<Link>, usize) {
    let Some(line) = lines.get(from) else { return (None, from + 1) };
    let base = if line.kind == Kind::Traceback { line.indent } else { line.text.len() - line.text.trim_ascii_start().len() };
    let mut frames: Vec<Frame> = Vec::new();
    let mut total = 0u32;
    let mut at = from + 1;
    while let Some(line) = lines.get(at) {
        let text = line.text.trim_ascii();
        if let Some(frame) = python_frame(rules, text) {
            total = total.saturating_add(1);
            if frames.len() >= MAX_FRAMES {
                frames.remove(0);
            }
            frames.push(frame);
        } else if !text.is_empty() && line.indent <= base {
            break;
        }
        at += 1;
    }
    frames.reverse();
    let frames = frames.into_iter().map(Arc::new).collect();
    let Some((line, (class, message))) = lines.get(at).and_then(|l| Some((l, python_error(l.text.trim_ascii())?))) else { return (None, at) };
    let mut link = Link { class: format!("python.{}", lossy(class)), frames, frames_total: total, line: line.number, ..Link::default() };
    append(&mut link, message);
    (Some(link), at + 1)
}

fn python_frame(rules: &Rules, text: &[u8]) -> Option<Frame> {
    let rest = text.strip_prefix(b"File \"")?;
    let quote = memchr::memchr(b'"', rest)?;
    let path = lossy(rest.get(..quote)?.get(..quote.min(512))?);
    let rest = rest.get(quote + 1..)?.strip_prefix(b", line ")?;
    let digits = rest.iter().take(9).take_while(|b| b.is_ascii_digit()).count();
    let method = rest.get(digits..)?.strip_prefix(b", in ").unwrap_or(b"<module>");
    let file = path.rsplit(['/', '\\']).next().unwrap_or("").to_owned();
    let module = file.strip_suffix(".py").unwrap_or(&file).to_owned();
    let category = rules.python_category(&path);
    let method = lossy(method.get(..method.len().min(200))?);
    Some(Frame { call: format!("{module}.{method}"), class: module, method, file: Some(file), line: number(rest.get(..digits)?), category })
}

fn python_error(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = text.iter().take(200).take_while(|&&b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.')).count();
    let (class, rest) = text.split_at(len);
    let named = class.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    let message = if rest.is_empty() { rest } else { rest.strip_prefix(b":")? };
    named.then(|| (class, message.trim_ascii()))
}
