//! Every sample of every pattern, pasted into the pipe alone: causes are named, symptoms stay symptoms, wrappers and noise are never the answer.

use flinklog::correlate::correlate;
use flinklog::diagnose::{Certainty, Role, diagnose};
use flinklog::patterns::{Level, Nature, On, Packs, Sample};
use flinklog::rules::Rules;
use flinklog::scan::{self, Options};

fn text_of(sample: &Sample) -> String {
    let logger = if sample.logger.is_empty() { "org.apache.flink.runtime.Something" } else { &sample.logger };
    if sample.on != On::Record {
        return format!("{}\n", sample.text);
    }
    let level = match sample.level {
        Level::Info => "INFO ",
        Level::Warn => "WARN ",
        _ => "ERROR",
    };
    format!("2026-11-21 10:00:00,000 {level} {logger} [] - {}\n", sample.text)
}

#[test]
fn samples_pasted_alone_get_the_right_answer() {
    let rules = Rules::new(Packs::shipped().clone());
    let options = Options { rules: &rules, chunk_size: 1 << 20, mmap: false, progress: &|_| {}, onlooker: None };
    let (mut asked, mut wrong) = (0, Vec::new());
    for pattern in Packs::shipped().iter() {
        for sample in &pattern.samples {
            // What only one kind of process says cannot be told from a paste; a symptom at INFO is routine without its surroundings.
            if sample.process.is_some() || pattern.nature == Nature::Symptom && sample.level == Level::Info {
                continue;
            }
            let text = text_of(sample);
            let scanned = scan::stream("-", text.as_bytes(), &options);
            let story = correlate(scanned.sources, Default::default());
            let found = diagnose(&story, &rules, &Default::default());
            let roots: Vec<String> = found.findings.iter().filter(|f| f.role == Role::RootCause).map(|f| f.pattern.to_string()).collect();
            let top = found.root.map(|r| &found.findings[r]);
            asked += 1;
            let right = match pattern.nature {
                Nature::Cause | Nature::Either => roots.first() == Some(&pattern.id),
                Nature::Symptom => roots.first() == Some(&pattern.id) && top.is_some_and(|f| f.certainty >= Certainty::Possible),
                Nature::Wrapper => !roots.contains(&pattern.id),
                Nature::Benign => roots.is_empty(),
            };
            if !right {
                wrong.push(format!(
                    "{:?} {} ({:?} {:?}): {:?} for {}",
                    pattern.nature,
                    pattern.id,
                    sample.on,
                    sample.level,
                    roots,
                    sample.text.lines().next().unwrap_or("")
                ));
            }
        }
    }
    println!("{asked} samples, {} wrong", wrong.len());
    assert!(wrong.len() * 50 <= asked, "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
}
