// What JVMs printed of themselves: crashes, memory that ran out, heap dumps, thread dumps.
function jvms() {
  const quoted = (name) => "\"" + name + "\"";
  const told = (source, line, ink, title, ...pairs) => el("div", "step", el("strong", ink, title), " ", placed(source, line), facts(...pairs));
  // `.out` repeats the head of the report file; the file tells more.
  const whole = (crash) => crash.pid !== null && REPORT.jvm.some((jvm) => jvm.crashes.some((other) => other.pid === crash.pid && other.uptime_ms !== null));
  const nodes = REPORT.jvm.flatMap((jvm) => [
    ...jvm.crashes.filter((c) => c.uptime_ms !== null || !whole(c)).map((c) => told(jvm.source, c.line, "bad", c.insufficient_memory ? "The JVM got no memory" : "The JVM crashed" + (c.signal ? ": " + c.signal : ""),
      ["means", c.meaning], ["detail", c.detail], ["in", c.problematic_frame], ["allocation", c.allocation], ["thread", c.thread], ["Java frame", c.java_frame], ["heap then", c.heap.join("; ")], ["host then", c.memory],
      ["JVM", [c.uptime_ms === null ? "" : "after " + duration(c.uptime_ms), c.pid === null ? "" : "process " + c.pid, c.jvm].filter(Boolean).join(", ")], ["report", c.report_path])),
    ...jvm.out_of_memory.map((lines) => told(jvm.source, lines.line, "bad", "Out of memory: " + (lines.detail || "OutOfMemoryError") + ", " + plural(lines.count, "line") + (lines.ended_the_jvm ? "; the JVM was ended for it" : ""))),
    ...jvm.heap_dumps.map((dump) => told(jvm.source, dump.line, "", "Heap dump to " + (dump.path ?? "a file") + (dump.failed ? " failed: " + dump.failed : dump.bytes === null ? ", not finished as far as the log says" : ": " + size(dump.bytes) + (dump.duration_ms === null ? "" : ", the JVM stood still for " + duration(dump.duration_ms))))),
    ...jvm.thread_dumps.map((dump) => told(jvm.source, dump.line, "", "Thread dump: " + plural(dump.threads, "thread") + ", " + number(dump.blocked) + " blocked, " + number(dump.runnable) + " running, " + number(dump.waiting) + " waiting",
      ...dump.deadlocks.map((deadlock) => [el("span", "bad", "deadlock"), deadlock.threads.map(quoted).join(", ") + ", each waiting for the next"]),
      ...dump.blocked_threads.slice(0, 50).map((thread) => ["blocked", thread.name + " at " + thread.frame + "; " + (thread.held_by === null ? "a thread that the dump does not name" : quoted(thread.held_by)) + " holds the lock (" + thread.lock_class + ")"]),
      ...dump.tasks.slice(0, 50).map((task) => ["task", task.name + " at " + (task.user_frame ?? task.frame) + " (" + task.state.toLowerCase().replaceAll("_", " ") + ")"]))),
    jvm.thread_dumps_omitted ? el("p", "dim", plural(jvm.thread_dumps_omitted, "more thread dump") + " left out") : "",
  ]);
  if (!nodes.length) return;
  chapter("jvm", "JVM", ...nodes);
  const hay = nodes.filter(Boolean).map((node) => ({ node, text: node.textContent.toLowerCase() }));
  FILTERED.push((needle) => { let left = 0; for (const { node, text } of hay) { const fits = holds(text, needle); node.classList.toggle("hidden", !fits); left += fits; } return left; });
}
