//! The placeholders given so far, and how hosts, users and secrets are told from other words.

use std::collections::{BTreeMap, BTreeSet};

/// Kinds of placeholders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Host,
    Ip,
    User,
    Path,
    Mail,
    Value,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Host => "host",
            Kind::Ip => "ip",
            Kind::User => "user",
            Kind::Path => "path",
            Kind::Mail => "mail",
            Kind::Value => "value",
        }
    }
}

/// Numbers in order of appearance, and what is known to be a host or a user.
#[derive(Default)]
pub struct Names {
    given: BTreeMap<(Kind, String), usize>,
    counts: BTreeMap<Kind, usize>,
    hosts: BTreeSet<String>,
    users: BTreeSet<String>,
}

/// Hosts and users that tell nothing.
const NOBODY: &[&str] = &[
    "localhost",
    "0.0.0.0",
    "127.0.0.1",
    "::1",
    "0:0:0:0:0:0:0:1",
    "flink",
    "root",
    "hadoop",
    "yarn",
    "hdfs",
    "user",
    "unknown",
    "null",
    "none",
    "default",
    "nobody",
];

impl Names {
    /// The placeholder of `value`: the same whenever it comes.
    pub fn of(&mut self, kind: Kind, value: &str) -> String {
        let count = self.counts.entry(kind).or_default();
        let number = *self.given.entry((kind, value.to_ascii_lowercase())).or_insert_with(|| {
            *count += 1;
            *count
        });
        format!("{}-{number}", kind.word())
    }

    pub fn key(&self) -> BTreeMap<String, String> {
        self.given.iter().map(|((kind, value), number)| (format!("{}-{number}", kind.word()), value.clone())).collect()
    }

    pub fn know_host(&mut self, host: &str) {
        let host = host.trim().to_ascii_lowercase();
        let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(host.as_str(), |(name, _)| name);
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
        if name.len() < 2 || !plain || is_nobody(name) || is_placeholder(name) || ipv4(name).is_some() || name.bytes().all(|byte| byte.is_ascii_digit()) {
            return;
        }
        if let Some((label, _)) = name.split_once('.') {
            self.hosts.insert(label.to_owned());
        }
        self.hosts.insert(name.to_owned());
    }

    pub fn know_user(&mut self, user: &str) {
        let user = user.split(['@', '/']).next().unwrap_or(user).trim();
        let plain = user.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
        if user.len() >= 2 && plain && !is_nobody(user) && !is_placeholder(user) {
            self.users.insert(user.to_ascii_lowercase());
        }
    }

    /// The user that a home directory names.
    pub fn know_home(&mut self, path: &str) {
        for root in ["/home/", "/Users/", "/user/"] {
            if let Some((_, rest)) = path.split_once(root) {
                self.know_user(rest.split('/').next().unwrap_or(""));
            }
        }
    }

    pub fn is_host(&self, word: &str) -> bool {
        self.hosts.contains(&word.to_ascii_lowercase())
    }

    pub fn is_user(&self, word: &str) -> bool {
        self.users.contains(&word.to_ascii_lowercase())
    }
}

pub fn is_nobody(word: &str) -> bool {
    NOBODY.iter().any(|nobody| nobody.eq_ignore_ascii_case(word))
}

/// Whether `word` is one of our own placeholders, so that a redacted report can be redacted again.
pub fn is_placeholder(word: &str) -> bool {
    let Some((kind, number)) = word.rsplit_once('-') else { return false };
    matches!(kind, "host" | "ip" | "user" | "path" | "mail" | "value") && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Length of the IPv4 address that `text` begins with.
pub fn ipv4(text: &str) -> Option<usize> {
    let mut at = 0;
    for part in 0..4 {
        if part > 0 {
            if text.as_bytes().get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
        let digits = text.as_bytes()[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || digits > 3 || text[at..at + digits].parse::<u16>().is_ok_and(|number| number > 255) {
            return None;
        }
        at += digits;
    }
    let more = text[at..].strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    (!more).then_some(at)
}

/// Whether the whole word is an IPv6 address; clock times are not.
pub fn is_ipv6(word: &str) -> bool {
    let word = word.split('%').next().unwrap_or(word);
    let colons = word.bytes().filter(|byte| *byte == b':').count();
    let plain = word.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
    plain && colons >= 2 && word.len() > 3 && (word.contains("::") || colons == 7)
}

/// Endings of names in public and private networks.
const ZONES: &[&str] = &[
    "com", "net", "org", "io", "cn", "de", "uk", "fr", "us", "eu", "jp", "in", "dev", "cloud", "internal", "local", "lan", "corp", "intra", "intranet", "home",
];
/// First parts of Java packages and of configuration keys that end like host names.
const PACKAGES: &[&str] = &["org", "com", "net", "io", "java", "javax", "jdk", "sun", "scala", "akka", "cn", "de", "dev", "eu", "uk", "fr"];
/// Endings of file names, which come with `:line` as hosts come with `:port`.
const FILES: &[&str] =
    &["java", "scala", "kt", "py", "log", "out", "err", "jar", "gz", "txt", "xml", "yaml", "yml", "json", "properties", "conf", "sh", "current"];

/// Whether a word without port looks like a fully qualified host name.
pub fn is_qualified_host(word: &str) -> bool {
    let labels: Vec<&str> = word.split('.').collect();
    let fits = |label: &&str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let [first, .., last] = labels[..] else { return false };
    labels.iter().all(fits) && ZONES.contains(&last) && !PACKAGES.contains(&first) && !word.ends_with("apache.org")
}

/// Whether a word that a port follows looks like a host name: lower case, no file name.
pub fn is_host_before_port(word: &str) -> bool {
    let plain = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_'));
    let ending = word.rsplit('.').next().unwrap_or(word);
    plain && word.len() >= 2 && word.bytes().any(|byte| byte.is_ascii_lowercase()) && !FILES.contains(&ending) && !word.ends_with("apache.org")
}

/// User and host in the name of a log file as Flink's scripts make it (`bin/flink-daemon.sh`): `flink-USER-DAEMON-N-HOST.log`.
pub fn flink_file(name: &str) -> Option<(&str, &str)> {
    let rest = name.strip_prefix("flink-")?;
    let daemon = DAEMONS.iter().find_map(|daemon| rest.find(&format!("-{daemon}-")).map(|at| (at, daemon.len() + 2)))?;
    let (user, rest) = (&rest[..daemon.0], &rest[daemon.0 + daemon.1..]);
    let (number, rest) = rest.split_once('-')?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    let end = [".log", ".out", ".err"].iter().filter_map(|ending| rest.rfind(ending)).max()?;
    Some((user, &rest[..end]))
}

const DAEMONS: &[&str] = &[
    "standalonesession",
    "standalonejob",
    "taskexecutor",
    "historyserver",
    "zookeeper",
    "sql-gateway",
    "client",
    "python",
    "sql-client",
    "yarn-session",
    "kubernetes-session",
];

const SECRETS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api-key",
    "api_key",
    "access-key",
    "access_key",
    "accesskey",
    "account-key",
    "accountkey",
    "account.key",
    "credential",
    "private-key",
    "privatekey",
    "jaas",
    "signature",
    "authorization",
    "auth-params",
    "fs.azure.account.key",
    "fs.s3a.access",
    "sharedaccess",
];

/// Keys whose values are secrets (more than Flink's `GlobalConfiguration.SENSITIVE_KEYS`, which lets `access-key` pass in old versions).
pub fn is_secret_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRETS.iter().any(|word| key.contains(word))
}

pub fn is_user_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["user", "username", "ugi", "owner", "principal", "user.name", "proxy-user", "login"]
        .iter()
        .any(|word| key == *word || key.ends_with(&format!(".{word}")) || key.ends_with(&format!("-{word}")) || key.ends_with(&format!("_{word}")))
}

pub fn is_host_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["host", "hostname", "address", "bind-host", "server", "node"]
        .iter()
        .any(|word| key == *word || key.ends_with(&format!(".{word}")) || key.ends_with(&format!("-{word}")) || key.ends_with(&format!("_{word}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_from_packages_and_files() {
        for host in ["kafka.prod.example.com", "namenode-1.internal", "broker.svc.cluster.local"] {
            assert!(is_qualified_host(host), "{host}");
        }
        for other in ["com.acme.orders.io", "java.io", "org.apache.flink.api.java.io", "jobmanager.log", "state.backend.type", "1.20.5", "nightlies.apache.org"]
        {
            assert!(!is_qualified_host(other), "{other}");
        }
        assert!(is_host_before_port("kafka-1"));
        assert!(!is_host_before_port("OrderJob.java") && !is_host_before_port("jobmanager.log") && !is_host_before_port("17"));
    }

    #[test]
    fn addresses() {
        assert_eq!(ipv4("10.0.0.5:80"), Some(8));
        assert_eq!(ipv4("1.20.5"), None);
        assert_eq!(ipv4("1.2.3.4.5"), None);
        assert_eq!(ipv4("300.1.1.1"), None);
        assert!(is_ipv6("fe80::1") && is_ipv6("2001:db8:0:0:0:0:2:1") && !is_ipv6("09:32:04") && !is_ipv6("::"));
    }

    #[test]
    fn names_of_log_files() {
        assert_eq!(flink_file("flink-bob-taskexecutor-0-vm-12.prod.log.3"), Some(("bob", "vm-12.prod")));
        assert_eq!(flink_file("flink-a-b-sql-gateway-10-h.out"), Some(("a-b", "h")));
        assert_eq!(flink_file("flink-taskexecutor.log"), None);
        assert_eq!(flink_file("flink-conf.yaml"), None);
    }
}
