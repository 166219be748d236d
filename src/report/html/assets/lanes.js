// The zoomable time line: lanes of stretches and moments on one canvas.
// Lane: {label, items: [{from, to, ink, text, thin}]}; an item without `to` is a moment, a thin one stands for many moments. Items may overlap; dense ones are drawn once per pixel.
function lanes(all, onRange) {
  const ROW = 22, AXIS = 26, LIMIT = 200;
  const shown = all.slice(0, LIMIT);
  const times = shown.flatMap((lane) => lane.items.flatMap((item) => [item.from, item.to ?? item.from])).filter(Number.isFinite);
  if (!times.length) return null;
  let least = Infinity, most = -Infinity;
  for (const ms of times) { if (ms < least) least = ms; if (ms > most) most = ms; }
  const pad = Math.max((most - least) * .01, 500);
  const whole = [least - pad, most + pad];
  let [from, to] = whole;
  for (const lane of shown) lane.items.sort((a, b) => a.from - b.from);

  const canvas = el("canvas"), tip = el("div", "tip hidden"), range = el("span", "dim");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Time line of " + visible(shown.map((lane) => lane.label).slice(0, 12).join(", ")) + ". Arrow keys move, plus and minus zoom, 0 shows everything; the list below has the same events.");
  const height = shown.length * ROW + AXIS;
  canvas.style.height = height + "px";
  const brush = canvas.getContext("2d");
  let width = 0, gutter = 0, pending = false;
  const x = (ms) => gutter + (ms - from) / (to - from) * (width - gutter);
  const ms = (at) => from + (at - gutter) / (width - gutter) * (to - from);

  function draw() {
    pending = false;
    const scale = window.devicePixelRatio || 1, style = getComputedStyle(document.documentElement);
    const ink = (name) => style.getPropertyValue("--" + name).trim();
    const fills = { good: ink("good-fill"), bad: ink("bad-fill"), warn: ink("warn-fill"), calm: ink("calm-fill") };
    width = canvas.clientWidth;
    gutter = Math.min(190, width * .28);
    canvas.width = width * scale;
    canvas.height = height * scale;
    brush.setTransform(scale, 0, 0, scale, 0, 0);
    brush.clearRect(0, 0, width, height);
    brush.font = "12px system-ui, sans-serif";
    brush.textBaseline = "middle";
    axis(ink);
    shown.forEach((lane, at) => {
      const top = at * ROW;
      brush.fillStyle = ink("line");
      brush.fillRect(0, top + ROW - 1, width, 1);
      brush.fillStyle = ink("dim");
      brush.fillText(fitted(lane.label, gutter - 12), 8, top + ROW / 2);
      const drawn = new Set();
      for (const item of lane.items) {
        const end = item.to ?? item.from;
        if (end < from || item.from > to) continue;
        const left = Math.max(gutter, x(item.from)), right = Math.min(width, x(end));
        const wide = Math.max(right - left, item.to === undefined ? 2 : 1);
        const key = Math.round(left) + item.ink;
        if (wide < 1.5 && drawn.has(key)) continue;
        drawn.add(key);
        brush.fillStyle = fills[item.ink] ?? fills.calm;
        if (item.to === undefined) { brush.fillRect(left - 1, top + 3, 3, ROW - 7); } else if (item.thin) { brush.fillRect(left, top + ROW / 2 - 2, wide, 3); } else { brush.fillRect(left, top + 5, wide > 4 ? wide - 1 : wide, ROW - 11); }
      }
    });
    range.textContent = clock(from) + " to " + clock(to) + " (" + duration(to - from) + ")";
  }

  function axis(ink) {
    const steps = [1, 5, 10, 50, 100, 500, 1e3, 5e3, 15e3, 3e4, 6e4, 3e5, 9e5, 18e5, 36e5, 108e5, 216e5, 432e5, 864e5, 6048e5, 2592e6, 31536e6];
    const room = Math.max(1, Math.floor((width - gutter) / 110));
    const step = steps.find((candidate) => (to - from) / candidate <= room) ?? (to - from) / room;
    const shift = DATA.offset_minutes * 60000;
    brush.fillStyle = ink("dim");
    for (let at = Math.ceil((from + shift) / step) * step - shift; at < to; at += step) {
      const px = x(at);
      brush.globalAlpha = .35;
      brush.fillRect(px, 0, 1, height - AXIS + 5);
      brush.globalAlpha = 1;
      const text = clock(at, step < 1000);
      const label = step >= 864e5 ? text.slice(0, 10) : to - from > 864e5 ? text.slice(5, 16) : step < 1000 ? text.slice(11) : text.slice(11, 19);
      if (px + 62 < width) brush.fillText(label, px + 3, height - AXIS / 2);
    }
  }

  function fitted(text, room) {
    text = visible(brief(text));
    if (brush.measureText(text).width <= room) return text;
    let keep = text.length;
    while (keep > 3 && brush.measureText(text.slice(0, keep * .4) + "…" + text.slice(-keep * .6)).width > room) keep--;
    return text.slice(0, keep * .4) + "…" + text.slice(-Math.floor(keep * .6));
  }

  let told = 0;
  function redraw() {
    if (!pending) { pending = true; requestAnimationFrame(draw); }
    clearTimeout(told);
    told = setTimeout(() => onRange(from, to, from <= whole[0] && to >= whole[1]), 120);
  }
  function view(a, b) {
    const wide = Math.min(Math.max(b - a, 5), whole[1] - whole[0]);
    const start = Math.min(Math.max((a + b - wide) / 2, whole[0]), whole[1] - wide);
    [from, to] = [start, start + wide];
    redraw();
  }
  const zoom = (factor, around = (from + to) / 2) => view(around - (around - from) * factor, around + (to - around) * factor);
  const pan = (share) => view(from + (to - from) * share, to + (to - from) * share);
  const reset = () => view(...whole);

  canvas.addEventListener("keydown", (event) => {
    const act = { ArrowLeft: () => pan(-.2), ArrowRight: () => pan(.2), "+": () => zoom(.5), "=": () => zoom(.5), "-": () => zoom(2), 0: reset, Home: reset }[event.key];
    if (act && !event.ctrlKey && !event.metaKey) { event.preventDefault(); act(); }
  });
  // The page scrolls with the wheel until the time line is clicked or Ctrl is held.
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== canvas) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : .8, ms(event.offsetX));
  }, { passive: false });
  let grabbed = null;
  canvas.addEventListener("pointerdown", (event) => { grabbed = { x: event.offsetX, from, to }; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointerup", () => { grabbed = null; });
  canvas.addEventListener("dblclick", (event) => zoom(.25, ms(event.offsetX)));
  canvas.addEventListener("pointerleave", () => tip.classList.add("hidden"));
  canvas.addEventListener("pointermove", (event) => {
    if (grabbed) {
      const by = (grabbed.x - event.offsetX) / (width - gutter) * (grabbed.to - grabbed.from);
      view(grabbed.from + by, grabbed.to + by);
      return;
    }
    const lane = shown[Math.floor(event.offsetY / ROW)];
    const near = (to - from) / (width - gutter) * 4, at = ms(event.offsetX);
    const hit = lane?.items.findLast((item) => item.from - near <= at && (item.to ?? item.from) + near >= at);
    tip.classList.toggle("hidden", !hit);
    if (!hit) return;
    const length = hit.to === undefined ? "" : ", " + duration(hit.to - hit.from);
    tip.replaceChildren(el("div", "dim", brief(lane.label)), el("div", "", clock(hit.from, true) + length), el("div", "", brief(hit.text)));
    tip.style.left = Math.max(4, Math.min(event.offsetX + 12, width - tip.offsetWidth - 8)) + "px";
    tip.style.top = Math.max(4, Math.min(event.offsetY + 14, height - tip.offsetHeight - 4)) + "px";
  });
  new ResizeObserver(redraw).observe(canvas);
  // Paper is light, and does not wait for a frame.
  let theme;
  addEventListener("beforeprint", () => { theme = document.documentElement.dataset.theme; document.documentElement.dataset.theme = "light"; draw(); });
  addEventListener("afterprint", () => { if (theme) document.documentElement.dataset.theme = theme; else delete document.documentElement.dataset.theme; redraw(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  const button = (label, name, act) => { const b = el("button", "", label); b.type = "button"; b.title = name; b.setAttribute("aria-label", name); b.addEventListener("click", act); return b; };
  const bar = el("div", "bar", button("−", "Zoom out", () => zoom(2)), button("+", "Zoom in", () => zoom(.5)), button("◀", "Earlier", () => pan(-.4)), button("▶", "Later", () => pan(.4)), button("All", "Show everything", reset), range);
  const hint = el("p", "dim hint", "Click the time line, then turn the wheel or press + and − to zoom, drag or use the arrow keys to move. The list below follows.");
  const left = all.length > LIMIT ? el("p", "dim", number(all.length - LIMIT) + " more lanes are not drawn.") : null;
  return { node: el("div", "", bar, el("div", "lanes", canvas, tip), hint, left), redraw };
}
