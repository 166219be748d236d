//! Goes through one text and replaces what [`names`](super::names) recognises. One pass for secrets, one for words; both linear in the text.

use super::names::{Kind, Names, flink_file, ipv4, is_host_before_port, is_ipv6, is_nobody, is_placeholder, is_qualified_host, is_secret_key, is_user_key};
use super::{SECRET, data};

/// A text of the log.
pub fn text(text: &str, names: &mut Names) -> String {
    own(&data::masked(&secrets(text, names), names), names)
}

/// A text of the patterns or of our own, which may hold a few words of the log but no data.
pub fn own(text: &str, names: &mut Names) -> String {
    let masked = secrets(text, names);
    let mut out = String::with_capacity(masked.len());
    let mut rest = masked.as_str();
    while !rest.is_empty() {
        let end = rest.find(is_delimiter).unwrap_or(rest.len());
        if end > 0 {
            word(&rest[..end], names, &mut out);
        }
        let gap = rest[end..].chars().next().map_or(0, char::len_utf8);
        out.push_str(&rest[end..end + gap]);
        rest = &rest[end + gap..];
    }
    out
}

fn is_delimiter(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | ',' | ';' | '|' | '=' | '&' | '?' | '!')
}

/// A host name or address that stands alone in its field.
pub fn host(host: &str, names: &mut Names) -> String {
    let (name, port) = split_port(host);
    if is_nobody(name) || is_placeholder(name) {
        host.to_owned()
    } else if ipv4(name) == Some(name.len()) || is_ipv6(host) {
        if is_ipv6(host) { names.of(Kind::Ip, host) } else { format!("{}{port}", names.of(Kind::Ip, name)) }
    } else {
        format!("{}{port}", names.of(Kind::Host, name))
    }
}

/// `name` and `:port` (empty where there is none); a suffix as in `host:6122-a8c5f2`, Flink's ResourceID of standalone TaskManagers, stays with the port.
fn split_port(word: &str) -> (&str, &str) {
    match word.find(':') {
        Some(at) if word[at + 1..].starts_with(|c: char| c.is_ascii_digit()) => word.split_at(at),
        _ => (word, ""),
    }
}

fn word(word: &str, names: &mut Names, out: &mut String) {
    let body = word.trim_end_matches(['.', ':']);
    let tail = &word[body.len()..];
    out.push_str(&replaced(body, names).unwrap_or_else(|| body.to_owned()));
    out.push_str(tail);
}

/// The word with what is in it replaced; `None` where nothing is.
fn replaced(word: &str, names: &mut Names) -> Option<String> {
    if word.is_empty() || is_placeholder(word) {
        return None;
    }
    if word.len() == 20 && (word.starts_with("AKIA") || word.starts_with("ASIA")) || word.starts_with("eyJ") && word.matches('.').count() == 2 {
        return Some(SECRET.to_owned());
    }
    if let Some((scheme, rest)) = word.split_once("://") {
        return Some(format!("{}://{}", scheme, url(scheme, rest, names)));
    }
    if let Some(rest) = word.strip_prefix("file:/") {
        return Some(format!("file:{}", path(&format!("/{rest}"), names)));
    }
    if let Some((left, right)) = word.split_once('/')
        && ipv4(right).is_some()
    {
        // InetSocketAddress.toString: host/10.0.0.5:6123, or /10.0.0.5:6123 where the name was never looked up.
        let left = if left.is_empty() { String::new() } else { host(left, names) };
        return Some(format!("{left}/{}", replaced(right, names).unwrap_or_else(|| right.to_owned())));
    }
    let bytes = word.as_bytes();
    if word.len() > 1 && bytes[0] == b'/' || bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && matches!(bytes[2], b'\\' | b'/') {
        return Some(path(word, names));
    }
    if let Some((left, right)) = word.split_once('@') {
        return at_sign(left, right, names);
    }
    if let Some(length) = ipv4(word) {
        let (address, rest) = word.split_at(length);
        return (!is_nobody(address)).then(|| format!("{}{rest}", names.of(Kind::Ip, address)));
    }
    if is_ipv6(word) {
        return (!is_nobody(word)).then(|| names.of(Kind::Ip, word));
    }
    if flink_file(word).is_some() {
        return Some(file_name(word, names));
    }
    let (name, port) = split_port(word);
    let digits = port.bytes().skip(1).take_while(u8::is_ascii_digit).count();
    let known = names.is_host(name);
    let guessed = is_qualified_host(name) || ((4..=5).contains(&digits) && is_host_before_port(name));
    if (known || guessed) && !is_nobody(name) && !is_placeholder(name) {
        return Some(format!("{}{port}", names.of(Kind::Host, name)));
    }
    if names.is_user(word) {
        return Some(names.of(Kind::User, word));
    }
    compound(word, names)
}

/// `salary-of-alice`, `alice_test`: a known user or host as one part of a name. Classes and keys, whose parts are joined by dots, stay.
fn compound(word: &str, names: &mut Names) -> Option<String> {
    if word.contains(['.', '$', '/', ':']) || !word.contains(['-', '_']) {
        return None;
    }
    let mut out = String::with_capacity(word.len());
    for piece in word.split_inclusive(['-', '_']) {
        let part = piece.trim_end_matches(['-', '_']);
        let kind = if names.is_user(part) { Some(Kind::User) } else { Some(Kind::Host).filter(|_| names.is_host(part)) };
        match kind.filter(|_| part.len() >= 4) {
            Some(kind) => out.push_str(&names.of(kind, part)),
            None => out.push_str(part),
        }
        out.push_str(&piece[part.len()..]);
    }
    (out != word).then_some(out)
}

/// `user@host:port` and e-mail; `Class@1a2b3c`, the identity of a Java object, stays.
fn at_sign(left: &str, right: &str, names: &mut Names) -> Option<String> {
    let identity = !right.is_empty() && right.len() <= 16 && right.bytes().all(|byte| byte.is_ascii_hexdigit());
    if left.is_empty() || right.is_empty() || identity && left.contains(['.', '$']) {
        return None;
    }
    let (name, port) = split_port(right);
    if port.is_empty() && name.contains('.') && ipv4(name).is_none() {
        return Some(names.of(Kind::Mail, &format!("{left}@{right}")));
    }
    let user = if is_nobody(left) || is_placeholder(left) { left.to_owned() } else { names.of(Kind::User, left) };
    Some(format!("{user}@{}", host(right, names)))
}

/// What follows `://`. The actor paths of Akka and Pekko are Flink's own; other paths go.
fn url(scheme: &str, rest: &str, names: &mut Names) -> String {
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let (user, place) = match authority.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, authority),
    };
    let user = match user {
        Some(user) if user.contains(':') => format!("{}:{SECRET}@", named_user(user.split(':').next().unwrap_or(""), names)),
        Some(user) => format!("{}@", named_user(user, names)),
        None => String::new(),
    };
    let place = if place.is_empty() || place.ends_with("apache.org") { place.to_owned() } else { host(place, names) };
    let actors = scheme.starts_with("akka") || scheme.starts_with("pekko");
    let public = place.ends_with("apache.org");
    let tail = if tail.len() <= 1 || actors || public { tail.to_owned() } else { format!("/{}", path(tail, names).trim_start_matches('/')) };
    format!("{user}{place}{tail}")
}

fn named_user(user: &str, names: &mut Names) -> String {
    if is_nobody(user) || is_placeholder(user) { user.to_owned() } else { names.of(Kind::User, user) }
}

/// A path: its front part becomes one placeholder, and what only Flink, YARN or Kubernetes name (ids, `chk-5`, known log files) stays behind it.
pub fn path(path: &str, names: &mut Names) -> String {
    if path == "-" || path.is_empty() {
        return path.to_owned();
    }
    let separators: &[char] = if path.contains('/') { &['/'] } else { &['\\'] };
    let mut parts: Vec<&str> = path.split(separators).collect();
    let last = parts.pop().unwrap_or("");
    let (file, line) = split_port(last);
    let safe = |part: &&str| is_safe(part);
    let kept = parts.iter().rev().take_while(|part| safe(part)).count();
    let cut = parts.len() - kept;
    let front = parts[..cut].join("/");
    // The last part of a path that is no log file tells as much as the others.
    if !(is_safe(file) || is_log(file) || flink_file(file).is_some()) {
        return format!("{}{line}", names.of(Kind::Path, path.strip_suffix(line).unwrap_or(path)));
    }
    let mut out: Vec<String> = Vec::new();
    if !front.is_empty() {
        out.push(names.of(Kind::Path, &front));
    }
    out.extend(parts[cut..].iter().map(|part| (*part).to_owned()));
    out.push(format!("{}{line}", file_name(file, names)));
    out.join("/")
}

/// A part of a path that tells nothing of its owner.
fn is_safe(part: &str) -> bool {
    let hex = part.len() >= 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let numbered = |front: &str| {
        part.strip_prefix(front).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'_' | b'-' | b'e')))
    };
    let known = matches!(part, "log" | "logs" | "flink" | "shared" | "taskowned" | "_metadata" | "userlogs" | "containers" | "");
    hex || known || is_placeholder(part) || ["chk-", "savepoint-", "application_", "container_", "attempt_"].into_iter().any(numbered)
}

/// `10.77.3.9` or, as clouds name machines, `10-77-3-9`: four small numbers in a row, no part of a date.
fn holds_address(name: &str) -> bool {
    let small = |part: &str| !part.is_empty() && part.len() <= 3 && part.parse::<u8>().is_ok();
    let four = |parts: &[&str]| parts.windows(4).any(|four| four.iter().all(|part| small(part)));
    let dotted = |token: &str| four(&token.split('.').collect::<Vec<_>>());
    let year = |part: &&str| part.len() == 4 && (part.starts_with("19") || part.starts_with("20"));
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = name.split(['.', '-', '_']).collect();
    let before_a_date = |run: &[&str]| four(run.split(year).next().unwrap_or_default());
    name.split(['-', '_']).any(dotted) || parts.chunk_by(|a, b| number(a) == number(b)).any(before_a_date)
}

/// A log file whose name is made of known words and numbers.
fn is_log(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "flink",
        "jobmanager",
        "taskmanager",
        "taskexecutor",
        "standalonesession",
        "standalonejob",
        "historyserver",
        "client",
        "sql",
        "gateway",
        "session",
        "gc",
        "log",
        "out",
        "err",
        "stdout",
        "stderr",
        "prelaunch",
        "launch",
        "launcher",
        "container",
        "directory",
        "info",
        "syslog",
        "hs",
        "pid",
        "hprof",
        "current",
        "gz",
        "zst",
        "bz2",
        "xz",
        "txt",
        "zookeeper",
        "cli",
        "yarn",
        "kubernetes",
        "nodemanager",
        "resourcemanager",
        "events",
        "sh",
        "json",
        "main",
        "operator",
        "jar",
        "dist",
        "conf",
        "yaml",
    ];
    if holds_address(name) {
        return false;
    }
    let mut parts = name.split(['.', '-', '_']).filter(|part| !part.is_empty()).peekable();
    parts.peek().is_some() && parts.all(|part| WORDS.contains(&part) || part.bytes().all(|byte| byte.is_ascii_digit()) || is_safe(part))
}

fn file_name(name: &str, names: &mut Names) -> String {
    let Some((user, place)) = flink_file(name) else { return name.to_owned() };
    let (user_as, place_as) = (named_user(user, names), host(place, names));
    let front = "flink-".len();
    let middle = &name[front + user.len()..];
    let at = middle.rfind(place).unwrap_or(middle.len());
    format!("flink-{user_as}{}{place_as}{}", &middle[..at], middle.get(at + place.len()..).unwrap_or(""))
}

/// Masks the values of `key=value`, `key: value`, `"key":"value"` whose key names a secret or a user, and what follows `Bearer`.
fn secrets(text: &str, names: &mut Names) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let mut from = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        let bearer = bytes[at] == b' ' && text[..at].len() >= 6 && text.get(at - 6..at).is_some_and(|word| word.eq_ignore_ascii_case("bearer"));
        if !matches!(bytes[at], b'=' | b':') && !bearer {
            at += 1;
            continue;
        }
        let key = key_before(text, at);
        // `InvalidToken: message` is a class and its message.
        let class = bytes[at] == b':' && key.rsplit_once(['.', '$']).is_some_and(|(_, name)| name.starts_with(|c: char| c.is_ascii_uppercase()));
        // Nor is a host before its port a key, whatever it is called.
        let place = bytes[at] == b':' && (names.is_host(key) || is_qualified_host(key));
        let secret = bearer || (is_secret_key(key) && !class && !place);
        let user = bytes[at] == b'=' && is_user_key(key) || bytes[at] == b':' && banner_names_user(&text[..at]);
        if !secret && !user {
            at += 1;
            continue;
        }
        // A secret is masked whole; of users a bound keeps the pass linear, since what is no user is looked at again.
        let (start, end) = value_after(text, at + 1, if secret { usize::MAX } else { 256 });
        let value = &text[start..end];
        let mask = if value.is_empty() || is_placeholder(value) {
            None
        } else if secret {
            Some(SECRET.to_owned())
        } else if !is_nobody(value) && !value.contains(['/', '@', ':']) {
            names.know_user(value);
            Some(names.of(Kind::User, value))
        } else {
            None
        };
        match mask {
            Some(mask) => {
                out.push_str(&text[from..start]);
                out.push_str(&mask);
                from = end;
                at = end;
            }
            None => at += 1,
        }
    }
    out.push_str(&text[from..]);
    out
}

/// Flink's banner: `OS current user: alice`, `Current Hadoop/Kerberos user: alice`.
fn banner_names_user(before: &str) -> bool {
    before.ends_with("OS current user") || before.ends_with("Current Hadoop/Kerberos user")
}

/// The key that ends before byte `at`, without a quote in between; at most 100 bytes long, so that the pass stays linear.
fn key_before(text: &str, at: usize) -> &str {
    let bytes = text.as_bytes();
    let mut end = at;
    while end > 0 && at - end < 2 && matches!(bytes[end - 1], b'"' | b'\'' | b' ') {
        end -= 1;
    }
    let mut start = end;
    while start > 0 && end - start < 100 && (bytes[start - 1].is_ascii_alphanumeric() || matches!(bytes[start - 1], b'.' | b'-' | b'_' | b'$')) {
        start -= 1;
    }
    &text[start..end]
}

/// Where the value that begins after byte `at` stands, at most `max` bytes of it.
fn value_after(text: &str, at: usize, max: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let mut start = at;
    while start < bytes.len() && start - at < 2 && bytes[start] == b' ' {
        start += 1;
    }
    for scheme in ["bearer ", "basic "] {
        if text.get(start..start + scheme.len()).is_some_and(|word| word.eq_ignore_ascii_case(scheme)) {
            start += scheme.len();
        }
    }
    let quote = bytes.get(start).copied().filter(|byte| matches!(byte, b'"' | b'\''));
    if quote.is_some() {
        start += 1;
    }
    let ends = |byte: &u8| match quote {
        Some(quote) => *byte == quote || *byte == b'\n',
        None => byte.is_ascii_whitespace() || matches!(byte, b'&' | b',' | b';' | b')' | b'}' | b']' | b'"' | b'\''),
    };
    let length = bytes[start..].iter().take(max).position(ends).unwrap_or((bytes.len() - start).min(max));
    let mut end = start + length;
    while !text.is_char_boundary(end) {
        end += 1;
    }
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn red(input: &str) -> String {
        let mut names = Names::default();
        names.know_host("vm-12.prod.example.com");
        names.know_user("alice");
        text(input, &mut names)
    }

    #[test]
    fn hosts_addresses_users() {
        let cases = [
            ("on vm-12 (dataPort=40123)", "on host-1 (dataPort=40123)"),
            ("vm-12.prod.example.com:6123 and vm-12:6123", "host-1:6123 and host-2:6123"),
            ("connect to /10.0.0.5:9092, 10.0.0.6, 10.0.0.5", "connect to /ip-1:9092, ip-2, ip-1"),
            ("kafka-1/10.0.0.5:9092", "host-1/ip-1:9092"),
            ("TaskManager 10.0.0.5:33445-a8c5f2 lost.", "TaskManager ip-1:33445-a8c5f2 lost."),
            ("akka.tcp://flink@vm-12:6123/user/rpc/jobmanager_2", "akka.tcp://flink@host-1:6123/user/rpc/jobmanager_2"),
            ("mail bob@example.com now", "mail mail-1 now"),
            ("user alice (auth:SIMPLE)", "user user-1 (auth:SIMPLE)"),
            ("ugi=carol ip=/10.1.1.1", "ugi=user-1 ip=/ip-1"),
            ("localhost:8081 127.0.0.1 0.0.0.0:80", "localhost:8081 127.0.0.1 0.0.0.0:80"),
            ("fe80::1 at 09:32:04", "ip-1 at 09:32:04"),
            ("OS current user: dora and dora", "OS current user: user-1 and user-1"),
            ("job salary-of-alice_2", "job salary-of-user-1_2"),
            ("tm-secret.corp.internal:42881-902e20 gone", "host-1:42881-902e20 gone"),
        ];
        for (input, output) in cases {
            assert_eq!(red(input), output);
        }
    }

    #[test]
    fn addresses_in_names_of_logs() {
        let mut names = Names::default();
        for (input, output) in [
            ("logs/taskmanager-10.77.3.9.log", "path-1"),
            ("logs/taskmanager-10-77-3-9.log", "path-2"),
            ("logs/taskmanager-0-10.77.3.9.log", "path-3"),
            ("logs/taskmanager_10.77.3.9_6122.log", "path-4"),
            ("logs/gc-10.77.3.9-4711.log", "path-5"),
            ("logs/gc-10-77-3-9-2026-11-21.log", "path-6"),
            ("logs/gc-2026-11-21-10.77.3.9.log", "path-7"),
            ("/x/gc-2026-11-21-17.log", "path-8/gc-2026-11-21-17.log"),
            ("taskmanager.log.2026-11-21-17-05-03", "taskmanager.log.2026-11-21-17-05-03"),
        ] {
            assert_eq!(path(input, &mut names), output);
        }
    }

    #[test]
    fn paths_and_urls() {
        let cases = [
            ("open /home/alice/jobs/a.conf failed", "open path-1 failed"),
            (
                "hdfs://nn.example.com:8020/user/alice/ckpt/94b51fddf21fa15850ea3210693b041a/chk-5",
                "hdfs://host-1:8020/path-1/94b51fddf21fa15850ea3210693b041a/chk-5",
            ),
            ("file:/data/x/lib.so", "file:path-1"),
            ("s3://bucket/team/x", "s3://host-1/path-1"),
            ("jdbc:mysql://root:pw@db-1:3306/shop?password=x", "jdbc:mysql://root:******@host-1:3306/path-1?password=******"),
            ("see https://nightlies.apache.org/flink/docs", "see https://nightlies.apache.org/flink/docs"),
            ("C:\\Users\\bob\\x.conf", "path-1"),
        ];
        for (input, output) in cases {
            assert_eq!(red(input), output);
        }
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let cases = [
            ("password=hunter2 next", "password=****** next"),
            ("{\"apiKey\": \"abc def\", \"x\": 1}", "{value-1}"),
            ("apiKey: \"abc def\", x", "apiKey: \"******\", x"),
            ("s3.secret-key: abc", "s3.secret-key: ******"),
            ("Authorization: Bearer abc.def x", "Authorization: Bearer ****** x"),
            ("Password: hunter2", "Password: ******"),
            ("sent Bearer abc.def ok", "sent Bearer ****** ok"),
            ("key AKIAIOSFODNN7EXAMPLE used", "key ****** used"),
            ("SecretManager$InvalidToken: expired here", "SecretManager$InvalidToken: expired here"),
        ];
        for (input, output) in cases {
            assert_eq!(red(input), output);
        }
    }

    #[test]
    fn what_people_need_stays() {
        for input in [
            "\tat com.acme.orders.OrderJob$Map.map(OrderJob.java:56) ~[flink-dist-1.20.5.jar:1.20.5]",
            "java.lang.NoClassDefFoundError: org/apache/kafka/common/utils/ThreadUtils",
            "Source: orders -> enrich-orders (1/2)#0 (7985b45212f6bf30) switched from RUNNING to FAILED",
            "raise taskmanager.memory.process.size to 4g",
            "Checkpoint 12345 expired after 600000 ms at jobmanager.log:312",
            "org.apache.flink.Foo$Bar@5e9f23b4",
            "container_1700000000000_0007_01_000002 released",
            "2026-11-21 17:32:04,123 ERROR x",
        ] {
            assert_eq!(red(input), input);
        }
    }

    #[test]
    fn any_text_goes_through() {
        for input in
            ["", "=", ":", "://", "@", "/", "\\", "a://", "://@:/", "é=ü password=é", "password=", "bearer ", "C:", "1.2.3.", "flink-", "token:\"\u{202e}"]
        {
            let once = red(input);
            assert_eq!(red(&once), once, "{input}");
        }
    }
}
