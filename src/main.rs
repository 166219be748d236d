fn main() {
    let mut paths: Vec<std::path::PathBuf> = std::env::args_os().skip(1).map(Into::into).collect();
    paths.retain(|p| p.to_str() != Some("scan") && p.to_str() != Some("-f") && p.to_str() != Some("json") && p.to_str() != Some("--no-progress"));
    let rules = flinklog::rules::Rules::new(flinklog::patterns::Packs::shipped().clone());
    let found = flinklog::input::discover::discover(&paths);
    let options = flinklog::scan::Options { rules: &rules, chunk_size: 2 << 20, mmap: true, progress: &|_| {}, onlooker: None };
    let mut scanned = if paths.is_empty() { flinklog::scan::stream("-", std::io::stdin(), &options) } else { flinklog::scan::files(&found, &options) };
    let story = flinklog::correlate::correlate(std::mem::take(&mut scanned.sources), Default::default());
    let o = Default::default();
    let diagnosis = flinklog::diagnose::diagnose(&story, &rules, &o);
    let rest = flinklog::present::Rest { unreadable: &scanned.unreadable, notices: &scanned.notices, skipped: &scanned.skipped };
    let report = flinklog::present::present(&story, &diagnosis, &rules, &o, &rest);
    serde_json::to_writer(std::io::stdout().lock(), &report).unwrap();
}
