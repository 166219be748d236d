//! TaskManagers: when each was there, and how it went.

use super::super::figures;
use super::super::model::{Life, TaskManager};
use super::super::view::{View, words};
use super::page::{Ink, Line, Page};
use super::table::{Cell, Column, Table};

const ROWS: usize = 8;

pub fn task_managers(page: &mut Page, view: &View) {
    let all = &view.report.task_managers;
    if all.is_empty() {
        return;
    }
    let lives: Vec<(&TaskManager, Option<&Life>)> =
        all.iter().flat_map(|tm| if tm.lives.is_empty() { vec![(tm, None)] } else { tm.lives.iter().map(|life| (tm, Some(life))).collect() }).collect();
    let bad = |life: Option<&Life>| life.and_then(|life| life.loss.as_deref()).is_some_and(|loss| !words::loss_is_fine(loss));
    let mut shown = lives.clone();
    // Where not all fit, those that went badly stay.
    let most = page.few(ROWS);
    if shown.len() > most {
        shown.sort_by_key(|(_, life)| !bad(*life));
        shown.truncate(most);
    }
    let lost = lives.iter().filter(|(_, life)| bad(*life)).count() as u64;
    let count = all.len() as u64 + view.report.task_managers_omitted;
    let least = if view.report.task_managers_omitted > 0 { "at least " } else { "" };
    page.heading("TASKMANAGERS", &format!("{}, {least}{} lost", figures::count(count), figures::count(lost)));
    let mut table = Table::new(vec![
        Column::yielding("id", 16),
        Column::yielding("host", 8),
        Column::left("registered"),
        Column::left("gone"),
        Column::left("how"),
        Column::right("exit"),
    ]);
    for (tm, life) in &shown {
        let life = life.cloned().unwrap_or_default();
        let (ink, how) = match life.loss.as_deref() {
            Some(loss) => (if words::loss_is_fine(loss) { Ink::Dim } else { Ink::Bad }, words::loss(loss)),
            None => (Ink::Good, "there at the end"),
        };
        table.row(vec![
            Cell::new(page.brief(view, &tm.id)),
            Cell::ink(Ink::Dim, tm.host.as_deref().unwrap_or_default()),
            Cell::new(view.clock.short_of(&life.registered).unwrap_or_default()),
            Cell::new(view.clock.short_of(&life.lost).unwrap_or_default()),
            Cell::ink(ink, how),
            Cell::new(life.exit_code.map(|code| code.to_string()).unwrap_or_default()),
        ]);
    }
    table.draw(page);
    let hidden = (lives.len() - shown.len()) as u64 + view.report.task_managers_omitted + all.iter().map(|tm| tm.lives_omitted).fold(0, u64::saturating_add);
    if hidden > 0 {
        page.push(Line::indent(2).ink(Ink::Dim, format!("and {} more", figures::count(hidden))));
    }
}
