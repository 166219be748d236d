//! What JVMs printed of themselves, one chapter per source.

use super::Scene;
use crate::jvm::crash::Crash;
use crate::jvm::thread_dump::ThreadDump;
use crate::report::model as m;

/// Thread dumps of one source, and threads of one dump.
const DUMPS: usize = 16;
const THREADS: usize = 64;

/// One chapter per source in which a JVM speaks.
pub fn jvm(scene: &Scene) -> Vec<m::Jvm> {
    let spoken = scene.story.sources.iter().enumerate().filter(|(_, source)| !source.digest.jvm.is_empty());
    spoken
        .map(|(i, source)| {
            let found = &source.digest.jvm;
            m::Jvm {
                source: i as u32,
                process: scene.story.gc_links[i].map(|p| p as u32),
                crashes: found.crashes.iter().map(crash).collect(),
                thread_dumps: found.dumps.iter().take(DUMPS).map(|dump| thread_dump(scene, i, dump)).collect(),
                thread_dumps_omitted: found.dumps.len().saturating_sub(DUMPS) as u64,
                heap_dumps: found
                    .heap_dumps
                    .iter()
                    .map(|dump| m::HeapDump {
                        line: dump.place.line,
                        path: dump.path.clone(),
                        bytes: dump.bytes,
                        duration_ms: dump.seconds.map(|seconds| (seconds * 1000.0).round() as u64),
                        failed: dump.failed.clone(),
                    })
                    .collect(),
                out_of_memory: found
                    .out_of_memory
                    .iter()
                    .map(|lines| m::OutOfMemory {
                        line: lines.place.line,
                        detail: lines.detail.clone(),
                        count: lines.count,
                        ended_the_jvm: lines.ended_the_jvm,
                    })
                    .collect(),
            }
        })
        .collect()
}

fn crash(crash: &Crash) -> m::JvmCrash {
    m::JvmCrash {
        line: crash.place.line,
        signal: crash.signal.clone(),
        detail: crash.detail.clone(),
        problematic_frame: crash.frame.clone(),
        library: crash.library().map(str::to_owned),
        meaning: crash.meaning(),
        thread: crash.thread.clone(),
        java_frame: crash.java_frame.clone(),
        pid: crash.pid,
        jvm: crash.version.clone(),
        uptime_ms: crash.uptime_ms,
        insufficient_memory: crash.insufficient_memory,
        allocation: crash.allocation.clone(),
        heap: crash.heap.clone(),
        memory: crash.memory.clone(),
        report_path: crash.report_path.clone(),
    }
}

fn thread_dump(scene: &Scene, source: usize, dump: &ThreadDump) -> m::ThreadDump {
    m::ThreadDump {
        line: dump.place.line,
        time: scene.shown(source, dump.shown_ms),
        vm: dump.vm.clone(),
        threads: dump.threads,
        runnable: dump.runnable,
        blocked: dump.blocked,
        waiting: dump.waiting,
        deadlocks: dump.deadlocks.iter().map(|deadlock| m::Deadlock { line: deadlock.place.line, threads: deadlock.threads.clone() }).collect(),
        blocked_threads: dump
            .blocked_threads
            .iter()
            .take(THREADS)
            .map(|thread| m::BlockedThread {
                line: thread.place.line,
                name: thread.name.clone(),
                frame: thread.top_frame.clone(),
                lock_class: thread.lock_class.clone(),
                held_by: thread.held_by.clone(),
            })
            .collect(),
        blocked_threads_omitted: dump.blocked.saturating_sub(dump.blocked_threads.len().min(THREADS) as u64),
        tasks: dump
            .task_threads
            .iter()
            .take(THREADS)
            .map(|task| m::TaskThread {
                line: task.place.line,
                name: task.name.clone(),
                state: task.state.clone(),
                frame: task.top_frame.clone(),
                user_frame: task.user_frame.clone(),
            })
            .collect(),
        tasks_omitted: dump.tasks.saturating_sub(dump.task_threads.len().min(THREADS) as u64),
    }
}
