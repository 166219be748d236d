//! Names that YARN gives: container ids and the file names of its nodes. In: text; out: parts. Never guesses missing parts.

/// `container_[e<epoch>_]<cluster timestamp>_<application>_<attempt>_<number>` (Hadoop `ContainerId.toString`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerId {
    /// ResourceManager restarts with work-preserving recovery; 0 where the id has no `e` part.
    pub epoch: u32,
    /// Start of the ResourceManager, epoch milliseconds.
    pub cluster_timestamp: u64,
    pub app: u32,
    /// Application attempt, 1-based.
    pub attempt: u32,
    /// 1 is normally the ApplicationMaster, Flink's JobManager.
    pub number: u64,
}

impl ContainerId {
    /// The whole text must be one id.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("container_")?;
        let (epoch, rest) = match rest.strip_prefix('e') {
            Some(rest) => {
                let (epoch, rest) = rest.split_once('_')?;
                (number(epoch)?.try_into().ok()?, rest)
            }
            None => (0, rest),
        };
        let mut parts = rest.split('_');
        let mut part = || parts.next().and_then(number);
        let (cluster_timestamp, app, attempt, number) = (part()?, part()?, part()?, part()?);
        if parts.next().is_some() {
            return None;
        }
        Some(ContainerId { epoch, cluster_timestamp, app: app.try_into().ok()?, attempt: attempt.try_into().ok()?, number })
    }

    /// `application_<cluster timestamp>_<number, at least 4 digits>`.
    pub fn application(&self) -> String {
        format!("application_{}_{:04}", self.cluster_timestamp, self.app)
    }
}

fn number(text: &str) -> Option<u64> {
    // `u64::parse` takes a sign, which no id has.
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Splits the name of an aggregated file, `host_port` or `host_port_<13-digit milliseconds>` with rolling aggregation, into
/// node (`host:port`) and milliseconds. A name of another form is the node as it stands. Hosts may contain `_`.
pub fn node_of_file_name(name: &str) -> (String, Option<i64>) {
    let (rest, millis) = match name.rsplit_once('_') {
        Some((rest, last)) if last.len() == 13 && number(last).is_some() && has_port(rest) => (rest, last.parse().ok()),
        _ => (name, None),
    };
    match rest.rsplit_once('_') {
        Some((host, _)) if has_port(rest) => (format!("{host}:{}", &rest[host.len() + 1..]), millis),
        _ => (rest.to_string(), millis),
    }
}

fn has_port(name: &str) -> bool {
    name.rsplit_once('_').is_some_and(|(host, port)| !host.is_empty() && port.len() <= 5 && number(port).is_some_and(|p| p <= 65535))
}

/// Files that stand beside aggregated files and hold no logs: unfinished uploads, checksums, cycle marks.
pub fn is_side_file(name: &str) -> bool {
    name.ends_with(".tmp") || name.ends_with("-checksum") || name.ends_with(".crc")
}
