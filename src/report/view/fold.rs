//! Attempts that ended alike, folded to one row.

use super::super::model::Attempt;
use super::super::time::parse;

/// Neighbouring attempts with the same end.
pub struct Attempts<'r> {
    pub all: &'r [Attempt],
    /// Median time from one start to the next in milliseconds; `None` for a single attempt.
    pub every_ms: Option<u64>,
    /// Median time from RUNNING (else start) to the end.
    pub ran_ms: Option<u64>,
}

impl<'r> Attempts<'r> {
    fn new(all: &'r [Attempt]) -> Self {
        let starts = all.windows(2).filter_map(|pair| Some(between(&pair[0].start, &pair[1].start)?.unsigned_abs()));
        Attempts { all, every_ms: median(starts.collect()), ran_ms: median(all.iter().filter_map(ran).collect()) }
    }

    pub fn first(&self) -> &'r Attempt {
        &self.all[0]
    }

    pub fn last(&self) -> &'r Attempt {
        &self.all[self.all.len() - 1]
    }

    /// `7` or `2-118`, with the dash given.
    pub fn numbers(&self, dash: &str) -> String {
        match self.all.len() {
            1 => self.first().number.to_string(),
            _ => format!("{}{dash}{}", self.first().number, self.last().number),
        }
    }
}

/// Time from RUNNING (else start) to the end in milliseconds.
pub fn ran(attempt: &Attempt) -> Option<u64> {
    let from = if attempt.running.is_some() { &attempt.running } else { &attempt.start };
    between(from, &attempt.end).and_then(|ms| u64::try_from(ms).ok())
}

/// Rows of a table of `attempts`. The first and the last always stand alone, since what began a loop and what it came to often differ; between them three
/// or more neighbours with equal outcome and failure are one row.
pub fn fold(attempts: &[Attempt]) -> Vec<Attempts<'_>> {
    let mut rows = Vec::new();
    let mut at = 0;
    while at < attempts.len() {
        let rest = &attempts[at..];
        let same = if at == 0 {
            1
        } else {
            let inner = &rest[..rest.len() - 1];
            inner.iter().take_while(|attempt| alike(attempt, &rest[0])).count()
        };
        let take = if same >= 3 { same } else { 1 };
        rows.push(Attempts::new(&rest[..take]));
        at += take;
    }
    rows
}

fn alike(a: &Attempt, b: &Attempt) -> bool {
    let failure = |attempt: &Attempt| attempt.failure.as_ref().map(|failure| (failure.exception.clone(), failure.finding.clone()));
    a.outcome == b.outcome && a.begun_by == b.begun_by && failure(a) == failure(b)
}

fn between(from: &Option<String>, to: &Option<String>) -> Option<i64> {
    Some(parse(to.as_deref()?)?.saturating_sub(parse(from.as_deref()?)?))
}

fn median(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempts(outcomes: &str) -> Vec<Attempt> {
        let attempt = |(at, outcome): (usize, char)| Attempt {
            number: at as u32 + 1,
            start: Some(format!("2026-11-21T00:{:02}:00.000Z", at)),
            end: Some(format!("2026-11-21T00:{:02}:30.000Z", at)),
            outcome: outcome.to_string(),
            ..Attempt::default()
        };
        outcomes.chars().enumerate().map(attempt).collect()
    }

    fn rows(outcomes: &str) -> Vec<String> {
        fold(&attempts(outcomes)).iter().map(|row| row.numbers("-")).collect()
    }

    #[test]
    fn first_and_last_stand_alone() {
        assert_eq!(rows("fffffff"), ["1", "2-6", "7"]);
        assert_eq!(rows("ffff"), ["1", "2", "3", "4"]);
        assert_eq!(rows("fffff"), ["1", "2-4", "5"]);
        assert_eq!(rows("fgggfr"), ["1", "2-4", "5", "6"]);
        assert_eq!(rows("f"), ["1"]);
        assert!(rows("").is_empty());
    }

    #[test]
    fn a_row_knows_its_rhythm() {
        let all = attempts("ffffff");
        let rows = fold(&all);
        assert_eq!(rows[1].every_ms, Some(60_000));
        assert_eq!(rows[1].ran_ms, Some(30_000));
        assert_eq!(rows[0].every_ms, None);
    }
}
