//! The report in a terminal: the verdict first, then why, what to do, and the figures.
//!
//! In: a report and options. Out: lines of at most `width` columns without trailing blanks, plain where no colour is asked for. Text from logs never
//! reaches the terminal with a control character.

mod attempts;
mod bar;
mod chain;
mod checkpoints;
mod coverage;
mod exceptions;
pub(super) mod fit;
mod gc;
mod gc_detail;
mod glyphs;
mod headline;
mod jvm;
mod page;
mod table;
mod task_managers;
mod timeline;
mod todo;

use std::io;

pub(super) use headline::platform;
pub(super) use page::{Ink, Line, Page};
pub(super) use table::{Cell, Column, Table};
pub(super) use todo::{outlook, replay};

use super::model::Report;
use super::options::{Chapter, Options};
use super::view::View;

/// Writes the chapter that `options` ask for.
pub fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let view = View::new(report);
    let mut page = Page::new(options);
    match options.chapter {
        Chapter::Full if report.summary.verdict == "healthy" => healthy(&mut page, &view),
        Chapter::Full => page = full(options, &view),
        Chapter::Timeline => timeline::all(&mut page, &view),
        Chapter::Exceptions => exceptions::all(&mut page, &view),
        Chapter::Checkpoints => checkpoints::all(&mut page, &view),
        Chapter::Gc => {
            gc::all(&mut page, &view);
            jvm::all(&mut page, &view);
        }
    }
    page.write_to(out)
}

/// Two screens, which a report is to fit on.
const TWO_SCREENS: usize = 100;
/// Beyond that, lists hold one row each.
const MAX_BREVITY: u32 = 3;

/// All chapters; where they do not fit, again with shorter lists, unless everything is asked for.
fn full<'o>(options: &'o Options, view: &View) -> Page<'o> {
    let mut page = Page::new(options);
    chapters(&mut page, view);
    for brevity in 1..=MAX_BREVITY {
        if options.all || page.lines() <= TWO_SCREENS {
            break;
        }
        page = Page::brief_by(options, brevity);
        chapters(&mut page, view);
    }
    page
}

fn chapters(page: &mut Page, view: &View) {
    headline::verdict(page, view);
    headline::circumstances(page, view);
    chain::what_happened(page, view);
    todo::what_to_do(page, view);
    attempts::attempts(page, view);
    checkpoints::summary(page, view);
    gc::summary(page, view);
    jvm::summary(page, view);
    task_managers::task_managers(page, view);
    exceptions::summary(page, view);
    coverage::coverage(page, view);
}

/// A few lines for a log without a fault.
fn healthy(page: &mut Page, view: &View) {
    headline::verdict(page, view);
    headline::circumstances(page, view);
    attempts::healthy(page, view);
    checkpoints::healthy(page, view);
    gc::healthy(page, view);
    jvm::summary(page, view);
    chain::remarks(page, view);
    coverage::healthy(page, view);
}
