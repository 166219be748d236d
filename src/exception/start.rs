//! Where a throwable begins: which lines are heads, by their name, their message and what stands below them.
//!
//! In: classified lines. Out: the line and the head. Never reads on from there.

use super::head::{Head, announced, head, head_within};
use super::lines::{Kind, Line};

const TRACEBACK: &[u8] = b"Traceback (most recent call last)";

pub(super) enum Begin<'a> {
    Head(Head<'a>),
    Cause(Head<'a>),
    Traceback,
}

pub(super) struct Start<'a> {
    pub at: usize,
    pub begin: Begin<'a>,
    /// Nothing of a trace follows a head inside a line of prose: the message is that line's.
    pub one_line: bool,
}

/// The first place where a throwable beyond doubt begins.
pub(super) fn find_start<'a>(lines: &[Line<'a>]) -> Option<Start<'a>> {
    let mut within: Option<(usize, Head<'a>)> = None;
    let first_text = lines.iter().position(|l| l.kind != Kind::Blank)?;
    for (at, line) in lines.iter().enumerate() {
        let begin = match line.kind {
            Kind::Frame(_) | Kind::More(_) if within.is_some() => None,
            Kind::Caused(rest) | Kind::WrappedBy(rest) => match link_head(lines, at, rest) {
                Some(head) if within.is_none() => Some(Begin::Cause(head)),
                Some(_) => None,
                None => continue,
            },
            Kind::Traceback => Some(Begin::Traceback),
            Kind::Text => {
                if let Some(head) = own_head(lines, at) {
                    Some(Begin::Head(head))
                } else if is_traceback_tail(line.text) && next_is_python(lines, at) {
                    match within.take().or_else(|| head_within(line.text, true).map(|(_, h)| (at, h))) {
                        Some((at, head)) => return Some(Start { at, begin: Begin::Head(head), one_line: false }),
                        None => Some(Begin::Traceback),
                    }
                } else {
                    let follows = frames_follow(lines, at);
                    if (at == first_text || follows)
                        && within.is_none()
                        && let Some((_, head)) = head_within(line.text, follows)
                    {
                        within = Some((at, head));
                    }
                    continue;
                }
            }
            _ => continue,
        };
        // Frames behind a head inside a line make it the start; a head of its own line is a better one.
        return match (begin, within) {
            (Some(begin), _) => Some(Start { at, begin, one_line: false }),
            (None, Some((at, head))) => Some(Start { at, begin: Begin::Head(head), one_line: false }),
            (None, None) => continue,
        };
    }
    let (at, head) = within?;
    // A remote trace or a cause on later lines is still the throwable's; prose is not.
    Some(Start { at, begin: Begin::Head(head), one_line: true })
}

/// The head that a line of text is, if it is one beyond doubt: by its name and message, or by the frames below it.
pub(super) fn own_head<'a>(lines: &[Line<'a>], at: usize) -> Option<Head<'a>> {
    let line = lines.get(at)?;
    let text = line.text.trim_ascii_start();
    let head = head(announced(text, at == 0).unwrap_or(text))?;
    let sure = head.qualified && head.named && (!head.message.is_empty() || is_alone(lines, at) || message_begins_below(lines, at));
    (sure || ((head.qualified || head.named) && frames_follow(lines, at)) || is_one_liner(&head, lines, at)).then_some(head)
}

/// `TopicAuthorizationException: Not authorized …` as the whole text: people leave the package out.
fn is_one_liner(head: &Head<'_>, lines: &[Line<'_>], at: usize) -> bool {
    let words = head.class.iter().filter(|b| b.is_ascii_uppercase()).count();
    let whole = lines.iter().enumerate().all(|(i, l)| i == at || l.kind == Kind::Blank);
    head.named && words > 1 && !head.message.is_empty() && whole
}

/// A bare class name is a throwable without trace (the JVM omits it in hot code) only where a record ends with it.
fn is_alone(lines: &[Line<'_>], at: usize) -> bool {
    at <= 1 && lines.get(at).is_some_and(|l| l.indent == 0) && lines.get(at + 1).is_none_or(|l| l.kind == Kind::Blank)
}

/// `a.b.TableException: ` with its message on the next line.
fn message_begins_below(lines: &[Line<'_>], at: usize) -> bool {
    let announced = lines.get(at).is_some_and(|l| l.text.trim_ascii_end().ends_with(b":"));
    announced && lines.get(at + 1).is_some_and(|l| l.kind == Kind::Text)
}

pub(super) fn frames_follow(lines: &[Line<'_>], at: usize) -> bool {
    let next = lines.iter().skip(at + 1).take(2).find(|l| l.kind != Kind::Blank);
    next.is_some_and(|l| matches!(l.kind, Kind::Frame(_) | Kind::FrameStart | Kind::More(_) | Kind::Caused(_) | Kind::Suppressed(_)))
}

pub(super) fn is_traceback_tail(text: &[u8]) -> bool {
    text.len() > TRACEBACK.len() && memchr::memmem::rfind(text, TRACEBACK).is_some_and(|at| text.len() - at <= TRACEBACK.len() + 2)
}

pub(super) fn next_is_python(lines: &[Line<'_>], at: usize) -> bool {
    lines.get(at + 1).is_some_and(|l| l.text.trim_ascii_start().starts_with(b"File \""))
}

/// The head behind `Caused by:`; doubtful names count where frames follow.
pub(super) fn link_head<'a>(lines: &[Line<'a>], at: usize, rest: &'a [u8]) -> Option<Head<'a>> {
    let head = head(rest)?;
    (head.named || frames_follow(lines, at) || (head.qualified && !head.message.is_empty())).then_some(head)
}
