"use strict";
// Small helpers: elements from text only, numbers and times in words, sortable tables, a list that draws only the rows in sight.
// The name of the SVG namespace; nothing is fetched from there.
const SVG = "http://www.w3.org/2000/svg";
const DATA = JSON.parse(document.getElementById("data").textContent);
const REPORT = DATA.report;
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000d\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const visible = (text) => String(text ?? "").replace(HIDDEN, (c) => "\\u{" + c.codePointAt(0).toString(16) + "}");

function el(tag, cls, ...children) {
  const node = document.createElement(tag);
  if (cls) node.className = cls;
  for (const child of children) {
    if (child === null || child === undefined || child === "") continue;
    node.append(child instanceof Node ? child : document.createTextNode(visible(child)));
  }
  return node;
}

const parse = (time) => { const ms = time ? Date.parse(time) : NaN; return Number.isNaN(ms) ? null : ms; };
function clock(ms, digits) {
  if (ms === null || !Number.isFinite(ms)) return "";
  const local = new Date(ms + DATA.offset_minutes * 60000);
  if (Number.isNaN(local.getTime())) return "";
  return local.toISOString().slice(0, digits ? 23 : 19).replace("T", " ");
}
const when = (time, digits) => clock(parse(time), digits);
const number = (n) => n === null || n === undefined ? "" : Math.round(n).toLocaleString("en-US");
const plural = (n, one) => number(n) + " " + (n === 1 ? one : one.endsWith("y") ? one.slice(0, -1) + "ies" : one + "s");
function duration(ms) {
  if (ms === null || ms === undefined) return "";
  if (ms > 0 && ms < .95) return ms.toFixed(ms < .095 ? 3 : 2) + " ms";
  if (ms < 10 && ms % 1 > .049) return ms.toFixed(1) + " ms";
  ms = Math.round(ms);
  if (ms < 1000) return ms + " ms";
  if (ms < 60000) return (ms < 10000 ? Math.floor(ms / 100) / 10 : Math.floor(ms / 1000)) + " s";
  const pair = (a, u, b, v) => a + " " + u + (b ? " " + b + " " + v : "");
  const s = Math.floor(ms / 1000), m = Math.floor(s / 60), h = Math.floor(m / 60);
  if (h < 1) return pair(m, "min", s % 60, "s");
  return h < 24 ? pair(h, "h", m % 60, "min") : pair(Math.floor(h / 24), "d", h % 24, "h");
}
function size(n) {
  if (n === null || n === undefined) return "";
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  if (n < 1024) return n + " B";
  n /= 1024;
  let at = 1;
  while (n >= 999.5 && at < 5) { n /= 1024; at++; }
  return (n < 9.95 ? n.toFixed(1) : Math.round(n)) + " " + units[at];
}
const percent = (share) => share === null || share === undefined ? "" : (share > 0 && share < .001 ? "< 0.1" : share > .999 && share < 1 ? "99.9" : (share * 100).toFixed(1)) + " %";
const words = (slug) => String(slug ?? "").replaceAll("-", " ");
const simple = (name) => String(name ?? "").split(".").pop() || name;

const SOURCES = new Map(REPORT.sources.map((source) => [source.id, source]));
const JOBS = new Map(REPORT.jobs.map((job) => [job.id, job]));
const FINDINGS = new Map(REPORT.findings.map((finding) => [finding.id, finding]));
const EXCEPTIONS = new Map(REPORT.exceptions.map((exception) => [exception.fingerprint, exception]));
const jobName = (id) => id ? JOBS.get(id)?.name ?? id.slice(0, 8) : "";
function place(source, line) {
  const known = SOURCES.get(source), path = known?.path ?? "?";
  const short = known?.container ? known.container + (known.log_type ? "/" + known.log_type : "") : path === "-" ? "stdin" : path.length > DATA.folder.length && path.startsWith(DATA.folder) ? path.slice(DATA.folder.length) : path;
  return line ? short + ":" + line : short;
}
// All container ids begin alike; the whole name is shown when one points at it.
const brief = (text) => DATA.application ? String(text ?? "").replaceAll(DATA.application, "container_…_") : String(text ?? "");
function named(cls, text) { const node = el("span", cls, brief(text)); if (brief(text) !== text) node.title = visible(text); return node; }
const placed = (source, line) => named("place mono", place(source, line));
const verdictInk = (verdict) => ({ failed: "bad", degraded: "warn", healthy: "good" })[verdict] ?? "odd";
const severityInk = (severity) => ({ critical: "bad", error: "bad", warning: "warn" })[severity] ?? "dim";
const outcomeInk = (outcome) => ({ failed: "bad", lost: "bad", finished: "good", running: "good" })[outcome] ?? "dim";

// What the filter box hides: each entry gets the search text and answers how many things of it are left.
const FILTERED = [];
const holds = (hay, needle) => !needle || hay.includes(needle);

// Columns: {title, kind: "num" | "time" | "text" | undefined, of: row => value or node, key: row => what it sorts by}.
function table(caption, columns, rows) {
  const FIRST = 15, STEP = 300;
  let shown = FIRST, sorted = rows, needle = "";
  const hay = rows.map((row) => columns.map((column) => { const value = column.of(row); return value instanceof Node ? value.textContent : value ?? ""; }).join(" ").toLowerCase());
  const index = new Map(rows.map((row, at) => [row, at]));
  const body = el("tbody"), more = el("button", "more", ""), head = el("tr");
  const heads = columns.map((column) => {
    const button = el("button", "", column.title);
    button.type = "button";
    const th = el("th", column.kind === "num" ? "num" : "", button);
    th.scope = "col";
    button.addEventListener("click", () => {
      const down = th.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = column.key ?? ((row) => { const value = column.of(row); return value instanceof Node ? value.textContent : value ?? ""; });
      const keys = new Map(rows.map((row) => [row, key(row)]));
      const order = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
      sorted = [...rows].sort((a, b) => order(keys.get(a), keys.get(b)) * (down ? -1 : 1));
      draw();
    });
    head.append(th);
    return th;
  });
  function draw() {
    const left = sorted.filter((row) => holds(hay[index.get(row)], needle));
    body.replaceChildren(...left.slice(0, shown).map((row) => el("tr", "", ...columns.map((column) => el("td", column.kind ?? "", column.of(row))))));
    more.textContent = "Show " + number(Math.min(STEP, left.length - shown)) + " more of " + number(left.length);
    more.classList.toggle("hidden", left.length <= shown);
    return left.length;
  }
  more.type = "button";
  more.addEventListener("click", () => { shown += STEP; draw(); });
  FILTERED.push((text) => { needle = text; shown = FIRST; return draw(); });
  draw();
  const frame = el("div", "wide", el("table", "", el("caption", "", caption), el("thead", "", head), body));
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", caption);
  return el("div", "", frame, more);
}

// A scrolling list of any length that keeps only the rows in sight in the document.
function list(label, makeRow) {
  const HEIGHT = 26, PRINTED = 60;
  const space = el("div", "space"), frame = el("div", "rows", space);
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", label);
  let rows = [], pending = false;
  function draw(all) {
    pending = false;
    const from = all ? 0 : Math.max(0, Math.floor(frame.scrollTop / HEIGHT) - 10);
    const to = all ? Math.min(rows.length, PRINTED) : Math.min(rows.length, from + Math.ceil(frame.clientHeight / HEIGHT) + 20);
    const made = [];
    for (let at = from; at < to; at++) { const row = makeRow(rows[at]); row.style.top = at * HEIGHT + "px"; made.push(row); }
    const left = rows.length - PRINTED;
    frame.replaceChildren(space, ...made, left > 0 ? el("p", "paper dim", number(left) + " more rows are not on paper") : "");
  }
  frame.addEventListener("scroll", () => { if (!pending) { pending = true; requestAnimationFrame(() => draw(false)); } });
  addEventListener("beforeprint", () => draw(true));
  addEventListener("afterprint", () => draw(false));
  addEventListener("resize", () => draw(false));
  // Browsers do not draw elements much taller than this.
  const set = (next) => { rows = next.slice(0, 600000); space.style.height = rows.length * HEIGHT + "px"; frame.scrollTop = 0; draw(false); };
  return { frame, set };
}
