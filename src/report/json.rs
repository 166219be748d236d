//! The report itself as `flinklog.report/1`: indented JSON, keys in the order of the types, a line break at the end.

use std::io::{self, Write as _};

use super::model::Report;

pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    // A buffer of its own, though `out` may be one: none of the millions of small pieces goes through `dyn`.
    let mut out = io::BufWriter::with_capacity(1 << 16, out);
    serde_json::to_writer_pretty(&mut out, report).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Reads a saved report.
///
/// # Errors
/// Where the text is no JSON object of the report's shape, or names another schema.
pub fn read(text: &[u8]) -> Result<Report, serde_json::Error> {
    let report: Report = serde_json::from_slice(text)?;
    if report.schema != super::model::SCHEMA {
        let problem = format!("schema is `{}`, not `{}`", report.schema.chars().take(80).collect::<String>(), super::model::SCHEMA);
        return Err(serde::de::Error::custom(problem));
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_saved_report_reads_back_the_same() {
        for report in [sample::disaster(), sample::healthy(), sample::not_assessed()] {
            let mut text = Vec::new();
            write(&report, &mut text).unwrap();
            assert_eq!(read(&text).unwrap(), report);
        }
    }

    #[test]
    fn another_schema_is_refused() {
        assert!(read(b"{}").is_err());
        assert!(read(br#"{"schema":"flinklog.report/2"}"#).unwrap_err().to_string().contains("flinklog.report/2"));
        assert!(read(b"[1]").is_err());
    }
}
