"use strict";
// The state of the page is in its address (#tau=2&category=3...), so that a view can be bookmarked and sent.

const PER_PAGE = 48;
const ALWAYS = 3; // of a picture's categories, the most probable, are shown though nothing says that they are there
const data = JSON.parse(document.getElementById("data").textContent);
const labels = data.labels;
// Codes of labels, as spml/review/gallery.py writes them.
const TRUE = { PRESENT: 1, ABSENT: 0, UNKNOWN: 2 };
const OBSERVED = { PRESENT: 1, UNOBSERVED: 0, ABSENT: -1 };
const element = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en");
const SIGNS = { right: "✓", wrong: "✗", missing: "○", unjudged: "?", absent: "·" };
const MEANINGS = {
  right: "right",
  wrong: "wrong, it is not true",
  missing: "missing, it is true",
  unjudged: "pseudo-labelled, truth unknown",
  absent: "not pseudo-labelled",
};
const DEFAULTS = { variant: 0, category: -1, kind: "all", sort: "disagreement", find: "", page: 1 };
let state = { ...DEFAULTS };

// -- what a label is, at a variant

const has = (bits, variant) => Math.floor(bits / 2 ** variant) % 2 === 1;

function judged(entry, variant) {
  const positive = has(labels.pseudo[entry], variant);
  const truth = labels.true[entry];
  if (positive) return truth === TRUE.UNKNOWN ? "unjudged" : truth === TRUE.PRESENT ? "right" : "wrong";
  if (has(labels.ignored[entry], variant)) return "absent"; // no label is no wrong one
  return truth === TRUE.PRESENT ? "missing" : "absent";
}

const lost = (entry, variant) => labels.observed[entry] === OBSERVED.PRESENT && !has(labels.pseudo[entry], variant);

function difference(entry) {
  // between probability and label, in thousandths; -1 where no label is known
  const truth = labels.true[entry];
  const observed = labels.observed[entry];
  if (truth === TRUE.UNKNOWN && observed === OBSERVED.UNOBSERVED) return -1;
  const present = truth === TRUE.UNKNOWN ? observed === OBSERVED.PRESENT : truth === TRUE.PRESENT;
  return Math.abs(labels.probability[entry] - 1000 * Number(present));
}

// -- which pictures, in which order

function fits(entry, kind, variant) {
  const judgement = judged(entry, variant);
  if (kind === "error") return judgement === "wrong" || judgement === "missing" || lost(entry, variant);
  if (kind === "lost") return lost(entry, variant);
  return judgement === kind;
}

function chosen() {
  const { variant, category, kind, sort, find } = state;
  const wanted = find.trim().toLowerCase();
  const found = [];
  const keys = new Map();
  for (let image = 0; image < data.images.length; image++) {
    if (wanted && data.images[image] !== wanted && !data.files[image].toLowerCase().includes(wanted)) continue;
    let any = category < 0 && kind === "all";
    let clean = true;
    let errors = 0;
    let own = -1;
    for (let entry = labels.start[image]; entry < labels.start[image + 1]; entry++) {
      if (category >= 0 && labels.category[entry] !== category) continue;
      own = Math.max(own, difference(entry));
      const wrong = fits(entry, "error", variant);
      if (wrong) (errors += 1), (clean = false);
      // of a category: pictures that have it, or are taken to have it
      const relevant = category < 0 || labels.true[entry] === TRUE.PRESENT || labels.observed[entry] === OBSERVED.PRESENT || has(labels.pseudo[entry], variant);
      if (kind === "all" ? relevant : kind === "right" ? relevant : fits(entry, kind, variant)) any = true;
    }
    if (!any || (kind === "right" && !clean)) continue;
    found.push(image);
    keys.set(image, sort === "errors" ? errors : category < 0 ? data.disagreement[image] : own);
  }
  if (sort !== "row") found.sort((one, other) => keys.get(other) - keys.get(one) || one - other);
  return found;
}

// -- thumbnails: scripts of a block each, loaded when a picture of theirs is shown

const blocks = new Map(); // number -> list of base64 texts, or the callbacks that wait for it
const KEPT = 40;

window.thumbnails = (number, texts) => {
  const waiting = blocks.get(number);
  blocks.delete(number);
  blocks.set(number, texts); // last in the order of the map: the newest
  for (const call of waiting || []) call(texts);
  for (const [old, held] of blocks) {
    if (blocks.size <= KEPT) break;
    if (typeof held[0] === "string" && old !== number) blocks.delete(old);
  }
};

function withThumbnail(image, call, fail) {
  const number = Math.floor(image / data.block);
  const pick = (texts) => call(`data:image/webp;base64,${texts[image % data.block]}`);
  const held = blocks.get(number);
  if (held && typeof held[0] === "string") return pick(held);
  if (held) return void held.push(pick);
  blocks.set(number, [pick]);
  const script = document.createElement("script");
  script.src = `${data.thumbnails}/${String(number).padStart(5, "0")}.js`;
  script.onload = () => script.remove();
  script.onerror = () => (blocks.delete(number), fail());
  document.head.append(script);
}

// -- drawing

function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function described(image) {
  const names = (test) => {
    const listed = [];
    for (let entry = labels.start[image]; entry < labels.start[image + 1]; entry++) {
      if (test(entry)) listed.push(data.categories[labels.category[entry]]);
    }
    return listed.join(", ") || "none";
  };
  return (
    `observed: ${names((entry) => labels.observed[entry] === OBSERVED.PRESENT)}; ` +
    `pseudo-labels: ${names((entry) => has(labels.pseudo[entry], state.variant))}; true: ${names((entry) => labels.true[entry] === TRUE.PRESENT)}`
  );
}

function card(image) {
  const frame = make("div", { className: "frame" }, "loading");
  withThumbnail(
    image,
    (source) => frame.replaceChildren(make("img", { src: source, alt: described(image), decoding: "async" })),
    () => (frame.textContent = "thumbnail not found"),
  );
  const list = make("ul", { ariaLabel: "Labels" });
  for (let entry = labels.start[image]; entry < labels.start[image + 1]; entry++) {
    const judgement = judged(entry, state.variant);
    const own = labels.category[entry] === state.category;
    const near = entry - labels.start[image] < ALWAYS;
    const observed = labels.observed[entry];
    if (judgement === "absent" && observed === OBSERVED.UNOBSERVED && !has(labels.ignored[entry], state.variant) && !own && !near) continue;
    const percent = labels.probability[entry] / 10;
    const tags = [];
    if (observed !== OBSERVED.UNOBSERVED) tags.push(observed === OBSERVED.PRESENT ? "observed" : "observed absent");
    if (has(labels.ignored[entry], state.variant)) tags.push("ignored");
    const bar = make("span", { className: "bar", "aria-hidden": "true" }, make("span"));
    bar.firstChild.style.width = `${percent}%`;
    list.append(
      make(
        "li",
        { className: judgement + (own ? " focus" : "") },
        make("span", { className: "sign", title: MEANINGS[judgement], "aria-hidden": "true" }, SIGNS[judgement]),
        make("span", {}, make("span", { className: "name" }, data.categories[labels.category[entry]]), ...tags.flatMap((tag) => [" ", make("span", { className: "seen" }, tag)])),
        bar,
        make("span", { className: "number" }, `${Math.round(percent)} %`),
        make("span", { className: "hidden-text" }, MEANINGS[judgement] + (lost(entry, state.variant) ? ", observed and lost" : "")),
      ),
    );
  }
  return make(
    "article",
    { className: "picture", ariaLabel: `Image ${data.images[image]}` },
    frame,
    make("h3", {}, data.files[image] + (data.files[image] === data.images[image] ? "" : ` (${data.images[image]})`) + (data.splits?.[image] ? " · val" : "")),
    list,
  );
}

const ratio = (part, whole) => (whole ? part / whole : NaN);
const shown = (value) => (Number.isNaN(value) ? "–" : `${(100 * value).toFixed(1)} %`);

function numbers(category, variant) {
  const counts = data.counts[variant];
  return {
    true: data.present[category],
    observed: data.observed[category],
    pseudo: counts.pseudo[category],
    lost: counts.lost[category],
    precision: ratio(counts.right[category], counts.judged[category]),
    recall: ratio(counts.right[category], data.present[category]),
  };
}

function chart(category) {
  const [width, height, left, bottom, top, right] = [420, 210, 46, 44, 12, 84];
  const space = "http://www.w3.org/2000/svg";
  const draw = (tag, attributes, text) => {
    const node = document.createElementNS(space, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const last = Math.max(data.variants.length - 1, 1);
  const x = (variant) => left + ((width - left - right) * variant) / last;
  const y = (value) => top + (height - top - bottom) * (1 - value);
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "font-size": 12 });
  const lines = { precision: "#1f5fa8", recall: "#8a5000" };
  const description = data.variants.map((name, variant) => {
    const at = numbers(category, variant);
    return `${name}: precision ${shown(at.precision)}, recall ${shown(at.recall)}`;
  });
  svg.append(draw("title", {}, `${data.categories[category]}. ${description.join("; ")}`));
  for (const tick of [0, 0.5, 1]) {
    svg.append(draw("line", { x1: left, x2: width - right, y1: y(tick), y2: y(tick), stroke: "#d0d4d9" }));
    svg.append(draw("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, `${100 * tick} %`));
  }
  const every = Math.ceil(data.variants.length / 7);
  data.variants.forEach((name, variant) => {
    if (variant % every) return;
    svg.append(draw("text", { x: x(variant), y: height - bottom + 16, "text-anchor": "middle" }, name.replace("τ ", "")));
  });
  svg.append(draw("text", { x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle" }, "threshold τ (probability)"));
  svg.append(draw("line", { x1: x(state.variant), x2: x(state.variant), y1: top, y2: height - bottom, stroke: "#57606a", "stroke-dasharray": "3 3" }));
  const ends = [];
  for (const [name, colour] of Object.entries(lines)) {
    const points = data.variants.map((_, variant) => [variant, numbers(category, variant)[name]]).filter((point) => !Number.isNaN(point[1]));
    if (!points.length) continue;
    svg.append(draw("polyline", { points: points.map(([v, value]) => `${x(v)},${y(value)}`).join(" "), fill: "none", stroke: colour, "stroke-width": 2 }));
    for (const [v, value] of points) svg.append(draw("circle", { cx: x(v), cy: y(value), r: 3, fill: colour }));
    const end = points[points.length - 1];
    ends.push([y(end[1]), name, colour, x(end[0])]);
  }
  ends.sort((one, other) => one[0] - other[0]);
  if (ends.length === 2 && ends[1][0] - ends[0][0] < 14) {
    const middle = Math.min((ends[0][0] + ends[1][0]) / 2, height - bottom - 7);
    (ends[0][0] = middle - 7), (ends[1][0] = middle + 7);
  }
  for (const [height_, name, colour, at] of ends) svg.append(draw("text", { x: at + 8, y: height_ + 4, fill: colour, "font-weight": "bold" }, name));
  return svg;
}

const COLUMNS = ["category", "true", "observed", "pseudo", "lost", "precision", "recall"];
let order = { by: "true", down: true };

function drawTable() {
  const rows = data.categories.map((name, category) => ({ category: name, number: category, ...numbers(category, state.variant) }));
  const value = (row) => (Number.isNaN(row[order.by]) ? -1 : row[order.by]);
  rows.sort((one, other) => {
    const by = order.by === "category" ? one.category.localeCompare(other.category) : value(one) - value(other);
    return (order.down ? -by : by) || one.number - other.number;
  });
  const head = make("tr");
  for (const name of COLUMNS) {
    const button = make("button", { type: "button" }, name + (order.by === name ? (order.down ? " ▾" : " ▴") : ""));
    button.onclick = () => {
      order = { by: name, down: order.by === name ? !order.down : name !== "category" };
      drawTable();
      element("categories").querySelectorAll("th button")[COLUMNS.indexOf(name)].focus();
    };
    const cell = make("th", { scope: "col" }, button);
    if (order.by === name) cell.setAttribute("aria-sort", order.down ? "descending" : "ascending");
    head.append(cell);
  }
  element("categories").tHead.replaceChildren(head);
  element("categories").tBodies[0].replaceChildren(
    ...rows.map((row) => {
      const button = make("button", { type: "button" }, row.category);
      button.onclick = () => {
        change({ category: row.number, page: 1 });
        element("of-category").scrollIntoView();
        element("results").focus({ preventScroll: true });
      };
      const cells = COLUMNS.slice(1).map((name) => make("td", {}, name === "precision" || name === "recall" ? shown(row[name]) : whole.format(row[name])));
      return make("tr", {}, make("td", {}, button), ...cells);
    }),
  );
}

function draw() {
  const { variant, category } = state;
  const found = chosen();
  const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
  state.page = Math.min(Math.max(1, state.page), pages);
  const first = (state.page - 1) * PER_PAGE;
  element("results").replaceChildren(...found.slice(first, first + PER_PAGE).map(card));
  element("count").textContent = `${whole.format(found.length)} of ${whole.format(data.images.length)} pictures`;
  element("page").value = state.page;
  element("page").max = pages;
  element("pages").textContent = `of ${whole.format(pages)}`;
  element("previous").disabled = state.page === 1;
  element("next").disabled = state.page === pages;
  for (const name of ["category", "kind", "sort", "find"]) element(name).value = state[name];
  document.querySelectorAll("#variants input")[variant].checked = true;
  element("of-category").hidden = category < 0;
  if (category >= 0) {
    const at = numbers(category, variant);
    element("category-name").textContent = data.categories[category];
    element("chart").replaceChildren(...(data.variants.length > 1 ? [chart(category)] : []));
    element("category-numbers").textContent =
      `${data.variants[variant]}: ${whole.format(at.pseudo)} pseudo-labels, ${whole.format(at.true)} true, ` +
      `${whole.format(at.observed)} observed, of these ${whole.format(at.lost)} lost; ` +
      `precision ${shown(at.precision)}, recall ${shown(at.recall)}.`;
  }
  drawTable();
}

// -- state and address

function read() {
  const address = new URLSearchParams(location.hash.slice(1));
  state = { ...DEFAULTS };
  for (const [name, value] of address) {
    if (!(name in DEFAULTS)) continue;
    state[name] = typeof DEFAULTS[name] === "number" ? Number.parseInt(value, 10) : value;
  }
  const within = (value, low, high, otherwise) => (value >= low && value < high ? value : otherwise);
  state.variant = within(state.variant, 0, data.variants.length, 0);
  state.category = within(state.category, -1, data.categories.length, -1);
  state.page = within(state.page, 1, Infinity, 1);
  for (const name of ["kind", "sort"]) {
    if (![...element(name).options].some((option) => option.value === state[name])) state[name] = DEFAULTS[name];
  }
}

function change(changes) {
  state = { ...state, ...changes };
  draw();
  const address = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) if (value !== DEFAULTS[name]) address.set(name, value);
  history.replaceState(null, "", address.size ? `#${address}` : location.pathname + location.search);
}

element("about").textContent =
  `${whole.format(data.images.length)} training pictures, ${whole.format(data.categories.length)} categories; ` +
  `probabilities of the teacher ${data.teacher}.` +
  (data.known.some((known) => known < data.images.length) ? " Some true labels are unknown: what needs them is left out." : "");
data.variants.forEach((name, variant) => {
  const input = make("input", { type: "radio", name: "variant", value: variant });
  input.onchange = () => change({ variant });
  element("variants").append(make("label", {}, input, make("span", {}, name)));
});
element("category").append(make("option", { value: -1 }, "all"), ...data.categories.map((name, number) => make("option", { value: number }, name)));
element("category").onchange = (event) => change({ category: Number(event.target.value), page: 1 });
element("kind").onchange = (event) => change({ kind: event.target.value, page: 1 });
element("sort").onchange = (event) => change({ sort: event.target.value, page: 1 });
element("find").oninput = (event) => change({ find: event.target.value, page: 1 });
element("page").onchange = (event) => change({ page: Number.parseInt(event.target.value, 10) || 1 });
element("previous").onclick = () => turn(-1);
element("next").onclick = () => turn(1);
element("controls").onsubmit = (event) => event.preventDefault();

function turn(by) {
  change({ page: state.page + by });
  element("results").focus();
  element("results").scrollIntoView();
}

window.onhashchange = () => (read(), draw());
read();
draw();
