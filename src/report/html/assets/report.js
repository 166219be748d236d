// The chapters of the page, in the order in which a reader asks.
const MAIN = document.getElementById("main"), SUMMARY = REPORT.summary;

function chapter(id, title, ...children) {
  const section = el("section", "", el("h2", "", title), ...children);
  section.id = id;
  MAIN.append(section);
  const link = el("a", "", title);
  link.href = "#" + id;
  document.getElementById("chapters").append(el("li", "", link));
  return section;
}
const facts = (...pairs) => el("dl", "facts", ...pairs.filter(([, value]) => value).flatMap(([label, value]) => [el("dt", "", label), el("dd", "", value)]));

function head() {
  const word = words(SUMMARY.verdict).toUpperCase();
  document.getElementById("verdict").append(el("span", "badge " + verdictInk(SUMMARY.verdict), word));
  document.getElementById("headline").textContent = visible(SUMMARY.headline || word);
  const times = REPORT.sources.flatMap((source) => [source.first_time, source.last_time]).map(parse).filter((ms) => ms !== null);
  const span = times.length ? clock(times.reduce((a, b) => Math.min(a, b))) + " to " + clock(times.reduce((a, b) => Math.max(a, b))) + ", " + DATA.zone : "";
  document.getElementById("about").textContent = visible([DATA.platform, span, DATA.folder.length > 1 ? "files below " + DATA.folder : ""].filter(Boolean).join(" · "));
  document.getElementById("foot").textContent = visible("Made by " + REPORT.tool.name + " " + REPORT.tool.version + ". Times are " + DATA.zone + ".");
}

function quote(evidence) {
  const text = evidence.searched ? "from " + when(evidence.searched.from) + " to " + when(evidence.searched.to) + ": " + evidence.text : evidence.text;
  return el("div", "", placed(evidence.source, evidence.line), el("code", "quote", text.trimEnd()));
}

function step(finding, depth) {
  const tags = [finding.count > 1 ? "×" + number(finding.count) : "", finding.certainty, finding.owner === "unknown" ? "" : words(finding.owner), finding.variant || finding.pattern].filter(Boolean);
  return el("li", "step d" + Math.min(depth, 4) + (depth ? "" : " root"),
    el("div", "", el("span", "dim mono", when(finding.first, true)), " ", depth ? "" : el("strong", severityInk(finding.severity), words(finding.role).toUpperCase() + " "), el("span", "title", finding.title), ...tags.map((tag) => el("span", "tag", tag))),
    finding.explanation ? el("p", "", ...coded(finding.explanation)) : "", ...finding.evidence.slice(0, depth ? 2 : 4).map(quote));
}

// Logs of a large cluster lack many others: a few are shown, the rest on request.
function missing() {
  const FIRST = 5;
  const told = SUMMARY.missing.map(({ text, subject }) => el("span", "", ...coded(text + (subject && !text.includes(subject) ? " (" + subject + ")" : ""))));
  const rows = told.slice(0, FIRST), rest = told.slice(FIRST);
  if (rest.length) rows.push(el("details", "", el("summary", "", "and " + number(rest.length) + " more"), ...rest.map((one) => el("div", "", one))));
  return rows.map((row, at) => [at ? " " : "missing", row]);
}

function whatHappened() {
  const fault = SUMMARY.first_fault, healthy = SUMMARY.last_healthy;
  const failing = SUMMARY.still_failing;
  const section = chapter("happened", "What happened", facts(
    ["first fault", fault && el("span", "", when(fault.time, true) + (fault.attempt ? " in attempt " + fault.attempt : "") + (fault.job ? " of " + jobName(fault.job) : "") + (fault.task ? ", " + fault.task : "") + (fault.task_manager ? " on " + brief(fault.task_manager) : "") + " ", placed(fault.source, fault.line))],
    ["last healthy", healthy && [when(healthy.time), healthy.checkpoint === null ? "" : "checkpoint " + healthy.checkpoint].filter(Boolean).join(", ")],
    ["certainty", SUMMARY.certainty && el("span", SUMMARY.certainty === "confirmed" ? "good" : "warn", SUMMARY.certainty)],
    ["still failing", failing === null ? "" : el("span", failing ? "bad" : "good", failing ? "yes, when the log ends" : "no")],
    ...missing()));
  const told = new Set();
  for (const chain of DATA.chains) {
    const steps = chain.filter(({ id }) => !told.has(id) && FINDINGS.has(id));
    steps.forEach(({ id }) => told.add(id));
    if (steps.length) section.append(el("ol", "chain", ...steps.map(({ id, depth }) => step(FINDINGS.get(id), depth))));
  }
  const rest = REPORT.findings.filter((finding) => !told.has(finding.id));
  if (rest.length) section.append(el("h3", "", told.size ? "Besides" : "Seen, without a known cause"), el("ol", "chain", ...rest.slice(0, 50).map((finding) => step(finding, 1))));
}

function whatToDo() {
  const roots = REPORT.findings.filter((finding) => finding.role === "root-cause" || finding.id === SUMMARY.root_cause);
  const causes = (roots.length ? roots : REPORT.findings).filter((finding) => finding.remedy.length);
  const outlooks = new Map(DATA.outlooks);
  const parts = causes.slice(0, 6).flatMap((finding) => {
    const docs = /^https:\/\/[\x21-\x7e]+$/.test(finding.docs ?? "") ? el("a", "", finding.docs) : "";
    if (docs) { docs.href = finding.docs; docs.rel = "noreferrer noopener"; }
    return [causes.length > 1 ? el("h3", "", finding.title) : "", el("ul", "todo", ...finding.remedy.map((text) => el("li", "", ...coded(text)))), el("p", "", outlooks.get(finding.id)), docs ? el("p", "", docs) : ""];
  });
  if (DATA.replay) parts.push(el("p", "warn", DATA.replay));
  if (parts.length) chapter("todo", "What to do", ...parts);
}
// `key` in a remedy becomes a code element.
const coded = (text) => text.split("`").map((part, at) => at % 2 ? el("code", "", part) : part);

function timeline() {
  const all = [], end = Math.max(...REPORT.sources.map((source) => parse(source.last_time) ?? -Infinity));
  const until = (time) => parse(time) ?? (Number.isFinite(end) ? end : undefined);
  const dated = (items) => items.filter((item) => item.from !== null);
  const inkOf = (kind) => /failed|lost|exited|aborted|declined|expired|exception/.test(kind) ? "bad" : /completed|registered|running/.test(kind) ? "good" : /gc|scheduled|change/.test(kind) ? "warn" : "calm";
  const moments = (test) => dated(REPORT.timeline.filter(test).map((row) => ({ from: parse(row.first), to: row.count > 1 ? parse(row.last) ?? undefined : undefined, ink: inkOf(row.kind), thin: row.count > 1 && inkOf(row.kind) === "bad", text: row.kind + (row.count > 1 ? " ×" + number(row.count) : "") + ": " + row.text })));
  for (const job of REPORT.jobs) {
    const name = job.name ?? job.id.slice(0, 8);
    all.push({ label: name, items: dated(job.attempts.map((attempt) => ({ from: parse(attempt.running ?? attempt.start), to: until(attempt.end), ink: ({ failed: "bad", lost: "bad", running: "good", finished: "good" })[attempt.outcome] ?? "calm", text: "attempt " + attempt.number + " " + attempt.outcome + reason(attempt) }))) });
    const of = (row) => row.job === job.id;
    const failures = dated(job.checkpoints.failures.map((failure) => ({ from: parse(failure.time), ink: "bad", text: "checkpoint " + (failure.id ?? "?") + " failed: " + failure.message })));
    all.push({ label: name + " checkpoints", items: [...moments((row) => of(row) && /^(checkpoint|savepoint)\./.test(row.kind) && !/failed$/.test(row.kind)), ...failures] });
    all.push({ label: name + " failures", items: moments((row) => of(row) && /^(task\.failed|exception)/.test(row.kind)) });
  }
  for (const tm of REPORT.task_managers) {
    all.push({ label: tm.id, items: dated(tm.lives.map((life) => ({ from: parse(life.registered) ?? parse(life.lost), to: until(life.lost), ink: !life.loss ? "good" : /released|stopped/.test(life.loss) ? "calm" : "bad", text: "TaskManager " + (life.loss ? words(life.loss) + (life.exit_code === null ? "" : ", exit code " + life.exit_code) : "there at the end") }))) });
  }
  for (const gc of REPORT.gc) {
    const pauses = dated(gc.longest.map((pause) => ({ from: parse(pause.time), to: (parse(pause.time) ?? 0) + pause.ms, ink: pause.ms >= 1000 ? "bad" : "warn", text: "pause " + duration(pause.ms) + ", " + pause.cause })));
    all.push({ label: "gc " + place(gc.source), items: pauses });
  }
  const capped = REPORT.gc.some((gc) => gc.pauses && gc.pauses.count > gc.longest.length);
  all.push({ label: "everything else", items: moments((row) => !row.job) });
  const label = "Events in time order";
  const rows = REPORT.timeline.map((row) => ({ row, ms: parse(row.first), end: parse(row.last), hay: [row.kind, row.text, jobName(row.job), row.task_manager, place(row.source, row.line)].join(" ").toLowerCase() }));
  const note = el("p", "dim count");
  let needle = "", range = null;
  const view = list(label, ({ row }) => el("div", "row mono", el("span", "dim", when(row.first, true).slice(5)), el("span", inkOf(row.kind) === "calm" ? "" : inkOf(row.kind), row.kind), el("span", "dim", row.count > 1 ? "×" + number(row.count) : row.attempt ? "#" + row.attempt : ""), el("span", "", row.text), named("place", place(row.source, row.line))));
  function show() {
    const left = rows.filter(({ ms, end, hay }) => holds(hay, needle) && (!range || (ms !== null && ms <= range[1] && (end ?? ms) >= range[0])));
    view.set(left);
    note.textContent = plural(left.length, "event") + " of " + number(rows.length) + (REPORT.timeline_omitted ? "; " + number(REPORT.timeline_omitted) + " more are not in this report" : "");
    return left.length;
  }
  const drawn = lanes(all.filter((lane) => lane.items.length), (from, to, whole) => { range = whole ? null : [from, to]; show(); });
  if (!drawn && !rows.length) return null;
  const legend = el("p", "legend dim", ...[["good", "ran, completed"], ["bad", "failed, lost"], ["warn", "pause, waiting"], ["calm", "other"]].flatMap(([ink, text]) => [el("i", "f-" + ink), text]));
  const longest = capped ? el("p", "dim", "The lanes of garbage collection logs hold the longest pauses of each; the table below has the figures of all.") : "";
  chapter("timeline", "Time line", drawn?.node, legend, longest, note, view.frame);
  FILTERED.push((text) => { needle = text; return show(); });
  show();
  return drawn;
}

function reason(attempt) {
  const failure = attempt.failure, exception = EXCEPTIONS.get(failure?.exception);
  const what = exception ? simple(exception.root.class || exception.class) : FINDINGS.get(failure?.finding)?.title;
  return failure ? ": " + [what, failure.task].filter(Boolean).join(" in ") : "";
}

function spark(values, label) {
  if (values.length < 2) return "";
  const W = 4, H = 22, most = values.reduce((a, b) => Math.max(a, b), 1), ns = SVG;
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("width", values.length * W); svg.setAttribute("height", H); svg.setAttribute("class", "spark"); svg.setAttribute("role", "img"); svg.setAttribute("aria-label", label);
  values.forEach((value, at) => { const bar = document.createElementNS(ns, "rect"), tall = Math.max(1, value / most * H); for (const [key, of] of [["x", at * W], ["y", H - tall], ["width", W - 1], ["height", tall], ["fill", "currentColor"]]) bar.setAttribute(key, of); svg.append(bar); });
  return svg;
}

function jobs() {
  for (const [at, job] of REPORT.jobs.entries()) {
    if (at >= 50) { MAIN.append(el("p", "dim", plural(REPORT.jobs.length - 50, "more job") + " in the data of this page.")); break; }
    const name = job.name ?? job.id, c = job.checkpoints;
    const section = el("section", "", el("h2", "", "Job " + name), facts(
      ["state", el("span", "", el("span", verdictInk(job.verdict), job.state), ", " + plural(job.attempts.length + job.attempts_omitted, "attempt") + ", " + plural(job.restarts, "restart") + (job.strategy ? ", " + job.strategy : ""))],
      ["id", el("code", "", job.id)],
      ["checkpoints", c.triggered || c.completed || c.failed ? el("span", "", number(c.triggered) + " triggered, " + number(c.completed) + " completed, ", el("span", c.failed ? "bad" : "", number(c.failed) + " failed"), c.in_progress ? ", " + number(c.in_progress) + " in progress" : "", c.savepoints ? ", " + plural(c.savepoints, "savepoint") : "") : ""],
      ["why they failed", Object.entries(c.failed_by_reason).map(([why, n]) => number(n) + " " + words(why)).join(", ")],
      ["last completed", c.last_completed && [c.last_completed.id, when(c.last_completed.time), duration(c.last_completed.duration_ms), size(c.last_completed.size_bytes)].filter((part) => part !== "").join(", ")],
      ["duration", c.duration_ms && el("span", "", "half within " + duration(c.duration_ms.p50) + ", 95 % within " + duration(c.duration_ms.p95) + ", longest " + duration(c.duration_ms.max) + " ", spark(c.duration_trend_ms, "Durations of the completed checkpoints in time order"))],
      ["size", c.size_bytes && "half within " + size(c.size_bytes.p50) + ", largest " + size(c.size_bytes.max)],
      ["longest gap", c.longest_gap_ms === null ? "" : duration(c.longest_gap_ms)]));
    section.id = "job-" + at;
    if (!at) { section.id = "jobs"; const link = el("a", "", "Jobs"); link.href = "#jobs"; document.getElementById("chapters").append(el("li", "", link)); }
    MAIN.append(section);
    if (job.attempts.length) section.append(table("Attempts", [
      { title: "#", kind: "num", of: (a) => a.number, key: (a) => a.number }, { title: "start", kind: "time", of: (a) => when(a.start) }, { title: "end", kind: "time", of: (a) => when(a.end) },
      { title: "ran", kind: "num", of: (a) => duration(ran(a)), key: (a) => ran(a) ?? -1 }, { title: "outcome", of: (a) => el("span", outcomeInk(a.outcome), a.outcome) },
      { title: "why", kind: "text", of: (a) => reason(a).slice(2) }, { title: "TaskManager", kind: "time", of: (a) => named("", a.failure?.task_manager ?? "") },
      { title: "restored from", of: (a) => a.restored_from ? a.restored_from.kind + " " + (a.restored_from.checkpoint ?? "") : "" }, { title: "down", kind: "num", of: (a) => duration(a.downtime_ms), key: (a) => a.downtime_ms ?? -1 },
    ], job.attempts));
    if (c.failures.length) section.append(table("Failed checkpoints" + (c.failures_omitted ? " (" + number(c.failures_omitted) + " more left out)" : ""), [
      { title: "id", kind: "num", of: (f) => f.id ?? "", key: (f) => f.id ?? -1 }, { title: "time", kind: "time", of: (f) => when(f.time) }, { title: "why", kind: "time", of: (f) => words(f.reason) },
      { title: "message", kind: "text", of: (f) => f.message }, { title: "task", kind: "text", of: (f) => f.task ?? "" }, { title: "place", of: (f) => placed(f.source, f.line) },
    ], c.failures));
    if (job.tasks.length) section.append(table("Tasks", [
      { title: "task", kind: "text", of: (t) => t.vertex }, { title: "parallelism", kind: "num", of: (t) => t.parallelism ?? "", key: (t) => t.parallelism ?? -1 }, { title: "failures", kind: "num", of: (t) => number(t.failures), key: (t) => t.failures }, { title: "last TaskManager", kind: "time", of: (t) => named("", t.last_task_manager ?? "") },
    ], job.tasks));
  }
}
const ran = (attempt) => { const a = parse(attempt.running ?? attempt.start), b = parse(attempt.end); return a === null || b === null ? null : b - a; };

function exceptions() {
  if (!REPORT.exceptions.length) return;
  const groups = REPORT.exceptions.map((exception) => {
    const cls = exception.root.class || exception.class, message = exception.root.class ? exception.root.message : exception.message;
    const trace = el("pre", "");
    for (const line of exception.trace.split("\n")) trace.append(exception.user_frame && line.includes(exception.user_frame) ? el("mark", "", line) : visible(line), "\n");
    const node = el("details", "", el("summary", "", el("span", "bad", "×" + number(exception.count) + " "), el("strong", "", simple(cls)), message ? ": " + (message.length > 300 ? message.slice(0, 300) + "…" : message) : ""),
      facts(["at", exception.user_frame && el("code", "", exception.user_frame)], ["first, last", when(exception.first) + (exception.last !== exception.first ? " to " + when(exception.last) : "")], ["sample", placed(exception.sample.source, exception.sample.line)], ["chain", exception.chain.map(simple).join(" ← ")], ["pattern", exception.pattern], ["fingerprint", el("code", "", exception.fingerprint)]), trace);
    return { node, hay: node.textContent.toLowerCase() };
  });
  groups[0].node.open = true;
  chapter("exceptions", "Exceptions", ...groups.map(({ node }) => node), REPORT.exceptions_omitted ? el("p", "dim", plural(REPORT.exceptions_omitted, "more group") + " left out") : "");
  FILTERED.push((needle) => { let left = 0; for (const { node, hay } of groups) { const fits = holds(hay, needle); node.classList.toggle("hidden", !fits); left += fits; } return left; });
  let closed = [];
  addEventListener("beforeprint", () => { closed = groups.filter(({ node }) => !node.open); closed.forEach(({ node }) => { node.open = true; }); });
  addEventListener("afterprint", () => closed.forEach(({ node }) => { node.open = false; }));
}

function tables() {
  const lives = REPORT.task_managers.flatMap((tm) => (tm.lives.length ? tm.lives : [{}]).map((life) => ({ tm, life })));
  if (lives.length) chapter("taskmanagers", "TaskManagers", table("TaskManagers and their lives", [
    { title: "id", kind: "text", of: ({ tm }) => named("mono", tm.id) }, { title: "host", of: ({ tm }) => tm.host ?? "" }, { title: "registered", kind: "time", of: ({ life }) => when(life.registered) }, { title: "gone", kind: "time", of: ({ life }) => when(life.lost) },
    { title: "how", of: ({ life }) => life.loss ? el("span", /released|stopped/.test(life.loss) ? "" : "bad", words(life.loss)) : el("span", "good", "there at the end") }, { title: "exit code", kind: "num", of: ({ life }) => life.exit_code ?? "", key: ({ life }) => life.exit_code ?? -1 },
  ], lives));
  const ms = (pick) => ({ kind: "num", of: (gc) => gc.pauses ? duration(pick(gc.pauses)) : "", key: (gc) => gc.pauses ? pick(gc.pauses) : -1 });
  if (REPORT.gc.length) {
    const section = chapter("gc", "Garbage collection", table("Garbage collection logs", [
      { title: "log", kind: "text", of: (gc) => placed(gc.source) }, { title: "collector", of: (gc) => gc.collector }, { title: "pauses", kind: "num", of: (gc) => gc.pauses ? number(gc.pauses.count) : "unseen", key: (gc) => gc.pauses?.count ?? -1 },
      { title: "total", ...ms((p) => p.total_ms) }, { title: "99 %", ...ms((p) => p.p99_ms) }, { title: "longest", ...ms((p) => p.max_ms) }, { title: "full", kind: "num", of: (gc) => number(gc.full_gcs), key: (gc) => gc.full_gcs ?? -1 },
      { title: "heap peak", kind: "num", of: (gc) => size(gc.peak_heap_bytes), key: (gc) => gc.peak_heap_bytes ?? -1 }, { title: "heap", kind: "num", of: (gc) => size(gc.max_heap_bytes), key: (gc) => gc.max_heap_bytes ?? -1 }, { title: "time outside pauses", kind: "num", of: (gc) => percent(gc.throughput), key: (gc) => gc.throughput ?? -1 },
      { title: "heap after full", of: (gc) => spark(gc.heap_after_full_bytes, "Heap after full collections") },
    ], REPORT.gc));
    for (const gc of REPORT.gc) for (const note of gc.notes) section.append(el("p", "warn", place(gc.source) + ": " + note));
    const pauses = REPORT.gc.flatMap((gc) => gc.longest.map((pause) => ({ gc, pause })));
    if (pauses.length) section.append(table("Longest pauses", [
      { title: "time", kind: "time", of: ({ pause }) => when(pause.time) || (pause.uptime_ms === null ? "" : duration(pause.uptime_ms) + " after start") }, { title: "length", kind: "num", of: ({ pause }) => duration(pause.ms), key: ({ pause }) => pause.ms }, { title: "cause", of: ({ pause }) => pause.cause }, { title: "place", of: ({ gc, pause }) => placed(gc.source, pause.line) },
    ], pauses));
  }
}

function read() {
  const c = REPORT.coverage;
  const coverage = chapter("coverage", "What was read", el("p", "", [plural(c.sources, "log"), size(c.bytes), plural(c.lines, "line"), plural(c.unparsed_lines, "line") + " not understood", c.incomplete ? plural(c.incomplete, "log") + " not read to the end" : "", c.skipped ? plural(c.skipped, "file") + " skipped" : ""].filter(Boolean).join(", ")),
    ...REPORT.warnings.slice(0, 50).map((warning) => el("p", "warn", warning.message + (warning.line === null ? "" : " (line " + warning.line + ")"))));
  coverage.append(table("Sources", [
    { title: "path", kind: "text", of: (s) => el("span", "mono", s.path + (s.container ? " " + place(s.id) : "")) }, { title: "role", of: (s) => s.role }, { title: "layout", of: (s) => s.layout ?? "" }, { title: "lines", kind: "num", of: (s) => number(s.lines), key: (s) => s.lines }, { title: "not understood", kind: "num", of: (s) => number(s.unparsed_lines), key: (s) => s.unparsed_lines },
    { title: "from", kind: "time", of: (s) => when(s.first_time) }, { title: "to", kind: "time", of: (s) => when(s.last_time) }, { title: "whole", of: (s) => s.complete ? "yes" : el("span", "warn", "no") },
  ], REPORT.sources));
  if (REPORT.unclassified.length) coverage.append(table("Warnings and errors that no pattern knows", [
    { title: "count", kind: "num", of: (u) => number(u.count), key: (u) => u.count }, { title: "level", of: (u) => u.level }, { title: "text", kind: "text", of: (u) => u.template }, { title: "logger", kind: "text", of: (u) => u.logger }, { title: "first", kind: "time", of: (u) => when(u.first) }, { title: "place", of: (u) => placed(u.sample.source, u.sample.line) },
  ], REPORT.unclassified));
  if (REPORT.benign.length) coverage.append(table("Harmless lines", [
    { title: "count", kind: "num", of: (b) => number(b.count), key: (b) => b.count }, { title: "pattern", of: (b) => b.pattern }, { title: "first seen at", of: (b) => placed(b.sample.source, b.sample.line) },
  ], REPORT.benign));
}

function tools(drawn) {
  const box = document.getElementById("filter");
  let later = 0;
  const apply = () => { const needle = box.value.trim().toLowerCase(); FILTERED.forEach((filter) => filter(needle)); };
  box.addEventListener("input", () => { clearTimeout(later); later = setTimeout(apply, 120); });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "")) { event.preventDefault(); box.focus(); }
    if (event.key === "Escape" && document.activeElement === box) { box.value = ""; apply(); }
  });
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement, dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    drawn?.redraw();
  });
}

head();
whatHappened();
whatToDo();
const drawn = timeline();
jobs();
tables();
jvms();
exceptions();
read();
tools(drawn);
