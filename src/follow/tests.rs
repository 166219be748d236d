use std::fs;
use std::io::Write;

use super::*;
use crate::fold::Wanted;
use crate::patterns::Packs;

const STATE: &str = "2026-11-21 09:20:37,689 INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph       [] - Job j (94b51fddf21fa15850ea3210693b041a) switched from state CREATED to RUNNING.\n";

fn append(path: &Path, text: &str) {
    File::options().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

fn lines(follower: &mut Follower) -> Vec<u64> {
    for live in &mut follower.live {
        live.last_news -= QUIET;
    }
    follower.poll();
    for live in &mut follower.live {
        live.last_news -= QUIET;
    }
    follower.poll();
    follower.events().into_iter().flat_map(|(_, events)| events).map(|event| event.line).collect()
}

#[test]
fn grows_is_renamed_and_cut() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("flink-jobmanager.log");
    let rules = Rules::new(Packs::shipped().clone());
    let wanted = Wanted::new(Vec::new(), None, 100);
    append(&log, STATE);
    let mut follower = Follower::new(&[folder.path().to_owned()], &rules, Some(&wanted));
    assert_eq!(lines(&mut follower), [1]);
    assert_eq!(lines(&mut follower), [0u64; 0]);
    append(&log, STATE);
    assert_eq!(lines(&mut follower), [2]);
    // Half a line waits.
    append(&log, &STATE[..60]);
    assert_eq!(lines(&mut follower), [0u64; 0]);
    append(&log, &STATE[60..]);
    assert_eq!(lines(&mut follower), [3]);
    // Rotated: the end of the old file and the beginning of the new one, nothing twice.
    append(&log, STATE);
    fs::rename(&log, folder.path().join("flink-jobmanager.log.1")).unwrap();
    append(&log, &STATE.repeat(2));
    let mut seen = lines(&mut follower);
    seen.sort_unstable();
    assert_eq!(seen, [1, 2, 4]);
    assert_eq!(follower.files(), 2);
    // Cut and written anew.
    fs::write(&log, STATE).unwrap();
    assert_eq!(lines(&mut follower).len(), 1);
}

#[test]
fn a_copy_that_rotation_leaves_is_read_on_not_again() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("flink-jobmanager.log");
    let copy = folder.path().join("flink-jobmanager.log.1");
    let rules = Rules::new(Packs::shipped().clone());
    let wanted = Wanted::new(Vec::new(), None, 100);
    append(&log, &STATE.repeat(2));
    let mut follower = Follower::new(&[folder.path().to_owned()], &rules, Some(&wanted));
    assert_eq!(lines(&mut follower), [1, 2]);
    // A line that only the copy has, then copytruncate; what is written next is longer than what was there.
    append(&log, STATE);
    fs::copy(&log, &copy).unwrap();
    fs::write(&log, STATE.replace("09:20:37", "09:21:00").repeat(5)).unwrap();
    assert_eq!(lines(&mut follower), [3, 1, 2, 3, 4, 5]);
    // Packed later: nothing again.
    let mut packed = flate2::write::GzEncoder::new(File::create(folder.path().join("flink-jobmanager.log.1.gz")).unwrap(), flate2::Compression::fast());
    packed.write_all(&fs::read(&copy).unwrap()).unwrap();
    packed.finish().unwrap();
    fs::remove_file(&copy).unwrap();
    assert_eq!(lines(&mut follower), [0u64; 0]);
    // A copy made by hand while the log goes on.
    fs::copy(&log, folder.path().join("flink-jobmanager.log.bak")).unwrap();
    append(&log, STATE);
    assert_eq!(lines(&mut follower), [6]);
}

#[test]
fn containers_that_share_a_stream_are_followed_apart() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("pods.log");
    let rules = Rules::new(Packs::shipped().clone());
    let wanted = Wanted::new(Vec::new(), None, 100);
    let line = |pod: &str| format!("[pod/{pod}/main] {STATE}");
    append(&log, &(line("a").repeat(3) + &line("b")));
    let mut follower = Follower::new(std::slice::from_ref(&log), &rules, Some(&wanted));
    assert_eq!(lines(&mut follower), [1, 2]);
    std::thread::sleep(QUIET);
    assert_eq!(lines(&mut follower), [3, 1]);
    append(&log, &line("c"));
    std::thread::sleep(QUIET);
    lines(&mut follower);
    std::thread::sleep(QUIET);
    lines(&mut follower);
    let containers: Vec<_> = follower.sources().into_iter().map(|source| (source.named.container, source.digest.lines)).collect();
    assert_eq!(containers, [("a/main", 3), ("b/main", 1), ("c/main", 1)].map(|(name, n)| (Some(name.to_owned()), n)));
}

#[test]
fn what_is_no_log_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("truth.json"), "{\"a\": 1}\n").unwrap();
    fs::write(folder.path().join("x.bin"), [0u8, 1, 2, 3, 4, 5]).unwrap();
    let rules = Rules::new(Packs::shipped().clone());
    let mut follower = Follower::new(&[folder.path().to_owned()], &rules, None);
    assert!(!follower.poll());
    assert_eq!(follower.files(), 0);
}
