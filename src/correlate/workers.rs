//! TaskManagers: every life from its registration to its loss, from the JobManager's words and its own log.

use rustc_hash::FxHashMap;

use super::{EntryRef, Process, Story};
use crate::digest::{What, push_one};
use crate::event::{Kind, Str, TmLoss};

/// How a TaskManager went; words of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    KilledMemory,
    Killed,
    Preempted,
    NodeLost,
    HeartbeatTimeout,
    Disconnected,
    Oom,
    Crashed,
    Released,
    Stopped,
    Unknown,
}

impl Loss {
    /// Word in the report.
    pub fn name(self) -> &'static str {
        match self {
            Loss::KilledMemory => "killed-memory",
            Loss::Killed => "killed",
            Loss::Preempted => "preempted",
            Loss::NodeLost => "node-lost",
            Loss::HeartbeatTimeout => "heartbeat-timeout",
            Loss::Disconnected => "disconnected",
            Loss::Oom => "oom",
            Loss::Crashed => "crashed",
            Loss::Released => "released",
            Loss::Stopped => "stopped",
            Loss::Unknown => "unknown",
        }
    }

    /// Is it a loss that nobody wanted?
    pub fn is_loss(self) -> bool {
        !matches!(self, Loss::Released | Loss::Stopped)
    }
}

/// One time that a TaskManager was there. Times are UTC.
#[derive(Debug, Clone)]
pub struct WorkerLife {
    pub registered: Option<i64>,
    pub lost: Option<i64>,
    pub loss: Option<Loss>,
    pub exit_code: Option<i64>,
    /// Entries of the JobManager that tell of the loss.
    pub told_by: Vec<EntryRef>,
    pub text: Option<Str>,
}

impl WorkerLife {
    /// Was it registered at a UTC time, as far as the logs tell?
    pub fn is_there(&self, ms: i64) -> bool {
        self.registered.is_some_and(|from| from <= ms) && self.lost.is_none_or(|lost| lost > ms)
    }
}

/// A TaskManager.
#[derive(Debug, Clone)]
pub struct Worker {
    pub id: Str,
    pub host: Option<Str>,
    pub container: Option<String>,
    /// Its own logs.
    pub sources: Vec<usize>,
    /// Index of its process.
    pub process: Option<usize>,
    pub slots: Option<u32>,
    pub lives: Vec<WorkerLife>,
    /// Lives that are only counted.
    pub lives_folded: u64,
}

/// TaskManagers that are followed.
const MAX_WORKERS: usize = 20_000;
/// Lives of one that are kept.
const MAX_LIVES: usize = 1_000;

/// Follows every TaskManager of the story.
pub fn follow(story: &Story) -> Vec<Worker> {
    let mut workers: Vec<Worker> = Vec::new();
    let mut index: FxHashMap<Str, usize> = FxHashMap::default();
    let mut find = |workers: &mut Vec<Worker>, id: &Str| -> Option<usize> {
        if let Some(known) = index.get(id) {
            return Some(*known);
        }
        if workers.len() >= MAX_WORKERS {
            return None;
        }
        let container = id.starts_with("container_").then(|| id.to_string());
        push_one(
            workers,
            Worker { id: id.clone(), host: None, container, sources: Vec::new(), process: None, slots: None, lives: Vec::new(), lives_folded: 0 },
        );
        index.insert(id.clone(), workers.len() - 1);
        Some(workers.len() - 1)
    };
    for placed in &story.order {
        if story.sources[placed.at.source].sniffed.role == "taskmanager" {
            continue;
        }
        let What::Event(kind) = &story.entry(placed.at).what else { continue };
        match kind {
            Kind::TmRegistering { id, address } => {
                let Some(w) = find(&mut workers, id) else { continue };
                let worker = &mut workers[w];
                worker.host = host_of(address).map(Into::into).or(worker.host.take());
                // Registering is often told twice; and after a JobManager fail-over it is the same life.
                let alive = worker.lives.last().is_some_and(|l| l.lost.is_none());
                if !alive {
                    // The last one tells how it stands.
                    if worker.lives.len() >= MAX_LIVES {
                        worker.lives.pop();
                        worker.lives_folded += 1;
                    }
                    push_one(&mut worker.lives, WorkerLife { registered: placed.ms, lost: None, loss: None, exit_code: None, told_by: Vec::new(), text: None });
                }
            }
            Kind::TmLost { id, why, text } => {
                // The JobMaster's own disconnecting at its end says nothing of the TaskManager.
                if *why == TmLoss::Released && text.contains("Stopping JobMaster") {
                    continue;
                }
                let Some(w) = find(&mut workers, id) else { continue };
                let loss = match why {
                    TmLoss::HeartbeatTimeout => Loss::HeartbeatTimeout,
                    TmLoss::Unreachable => Loss::Disconnected,
                    TmLoss::Released => Loss::Stopped,
                    TmLoss::Closed => loss_of_text(text),
                };
                if !told_late(&workers[w], placed.ms) {
                    lose(&mut workers[w], placed.at, placed.ms, loss, None, text);
                }
            }
            Kind::WorkerTerminated { id, exit_code, text } => {
                let Some(w) = find(&mut workers, id) else { continue };
                let loss = loss_of_exit(*exit_code, text);
                lose(&mut workers[w], placed.at, placed.ms, loss, *exit_code, text);
            }
            // Other applications' containers stand in the platform's logs too: only known ones count.
            Kind::PlatformEnd { id, exit_code, text } => {
                let Some(w) = workers.iter().position(|w| w.id == *id) else { continue };
                let orderly =
                    matches!(exit_code, Some(0 | 143)) && workers[w].lives.last().is_some_and(|l| matches!(l.loss, Some(Loss::Released | Loss::Stopped)));
                if !orderly {
                    let loss = loss_of_exit(*exit_code, text);
                    lose(&mut workers[w], placed.at, placed.ms, loss, *exit_code, text);
                }
            }
            Kind::WorkerStopping { id } => {
                let Some(w) = find(&mut workers, id) else { continue };
                let alive = workers[w].lives.last().is_some_and(|l| l.lost.is_none());
                if alive {
                    lose(&mut workers[w], placed.at, placed.ms, Loss::Released, None, &"".into());
                }
            }
            _ => {}
        }
    }
    for (id, lives) in story.sources.iter().flat_map(|source| &source.digest.folded.worker_lives) {
        if let Some(worker) = index.get(id) {
            workers[*worker].lives_folded += lives;
        }
    }
    attach_logs(story, &mut workers);
    workers
}

/// The JobMaster and the ResourceManager notice a loss each for itself: one of them may do so when the TaskManager is registered with the other again.
fn told_late(worker: &Worker, ms: Option<i64>) -> bool {
    let [.., before, now] = worker.lives.as_slice() else { return false };
    now.lost.is_none()
        && matches!((before.lost, now.registered, ms), (Some(lost), Some(registered), Some(ms)) if registered - lost < 5_000 && ms - registered < 2_000)
}

fn lose(worker: &mut Worker, at: EntryRef, ms: Option<i64>, loss: Loss, exit_code: Option<i64>, text: &Str) {
    if worker.lives.is_empty() {
        // Its registration is not in these logs.
        push_one(&mut worker.lives, WorkerLife { registered: None, lost: None, loss: None, exit_code: None, told_by: Vec::new(), text: None });
    }
    let Some(life) = worker.lives.last_mut() else { return };
    if life.told_by.len() < 16 {
        push_one(&mut life.told_by, at);
    }
    life.exit_code = exit_code.or(life.exit_code);
    if life.lost.is_none() {
        life.lost = ms;
        life.loss = Some(loss);
        life.text = Some(text.clone());
        return;
    }
    // What the platform says is surer than what a peer noticed.
    let vague = matches!(life.loss, None | Some(Loss::Unknown | Loss::Disconnected | Loss::HeartbeatTimeout));
    let surer = !matches!(loss, Loss::Unknown | Loss::Disconnected | Loss::HeartbeatTimeout | Loss::Stopped | Loss::Released);
    if vague && surer {
        life.loss = Some(loss);
        life.text = Some(text.clone());
    }
}

/// What diagnostics say of the end of a container.
pub fn loss_of_exit(code: Option<i64>, text: &str) -> Loss {
    if text.contains("beyond physical memory")
        || text.contains("'PHYSICAL' memory")
        || text.contains("beyond virtual memory")
        || text.contains("'VIRTUAL' memory")
        || text.contains("OOMKilled")
    {
        return Loss::KilledMemory;
    }
    match code {
        Some(-103 | -104) => Loss::KilledMemory,
        Some(-102) => Loss::Preempted,
        Some(-100 | -101) => Loss::NodeLost,
        Some(-107..=-105) => Loss::Released,
        Some(0) => Loss::Stopped,
        Some(137 | 143) => Loss::Killed,
        Some(134 | 139) => Loss::Crashed,
        Some(_) => Loss::Crashed,
        None => loss_of_text(text),
    }
}

fn loss_of_text(text: &str) -> Loss {
    let says = |needle: &str| text.contains(needle);
    if says("beyond physical memory") || says("'PHYSICAL' memory") || says("OOMKilled") || says("beyond virtual memory") {
        Loss::KilledMemory
    } else if says("preempted") {
        Loss::Preempted
    } else if says("*lost* node") || says("node failures") {
        Loss::NodeLost
    } else if says("OutOfMemoryError") {
        Loss::Oom
    } else if says("released by application") || says("shutting down") || says("idle") {
        Loss::Released
    } else if says("Exit code is 137") || says("Exit code is 143") || says("exit code 137") {
        Loss::Killed
    } else {
        Loss::Disconnected
    }
}

/// `host` of `akka.tcp://flink@host:port/user/…`.
fn host_of(address: &str) -> Option<&str> {
    let rest = address.split_once('@')?.1;
    let end = rest.find([':', '/']).unwrap_or(rest.len());
    Some(&rest[..end])
}

/// `taskmanager.numberOfTaskSlots` of a process.
fn slots(process: &Process) -> Option<u32> {
    process.configuration().get("taskmanager.numberOfTaskSlots")?.trim().parse().ok()
}

/// Finds each TaskManager's own log: by the id that it states, or by its container.
fn attach_logs(story: &Story, workers: &mut [Worker]) {
    for (p, process) in story.processes.iter().enumerate().filter(|(_, p)| p.role == "taskmanager") {
        let stated = process.life.resource_id.as_deref();
        let found = workers.iter_mut().find(|w| stated.is_some_and(|id| *w.id == *id) || (process.container.is_some() && w.container == process.container));
        if let Some(worker) = found {
            worker.process = Some(p);
            worker.sources.extend(&process.sources);
            worker.container = worker.container.take().or_else(|| process.container.clone());
            worker.slots = slots(process);
        }
    }
    // A JobManager that starts its TaskManagers itself gives them its own configuration.
    let given = story.processes.iter().filter(|p| p.role == "jobmanager").find_map(slots);
    for worker in workers.iter_mut().filter(|w| w.slots.is_none() && w.container.is_some()) {
        worker.slots = given;
    }
    for worker in workers {
        worker.sources.sort_unstable();
        worker.sources.dedup();
    }
}
