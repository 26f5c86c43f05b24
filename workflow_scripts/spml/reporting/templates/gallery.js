"use strict";
// Of the gallery and of the predictions, which have one set of labels, nothing observed and no truth.
// The state of the page is in its address (#variant=2&category=3...), so that a view can be bookmarked and sent.

const PER_PAGE = 48;
const ALWAYS = 3; // of a picture's categories, the most probable, are shown though nothing says that they are there
const data = JSON.parse(document.getElementById("data").textContent);
const labels = data.labels;
// Codes of labels, as spml/review/gallery.py writes them.
const TRUE = { PRESENT: 1, ABSENT: 0, UNKNOWN: 2 };
const OBSERVED = { PRESENT: 1, UNOBSERVED: 0, ABSENT: -1 };
const element = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en");
const some = (number, noun) => `${whole.format(number)} ${noun}${number === 1 ? "" : "s"}`;
const PREDICTS = data.thresholds !== null; // new pictures with the labels of a model
const IN_POOL = data.part === "pool"; // of whose pictures no label is known, but what people answered
const JUDGES = data.known.some((known) => known > 0); // some true label is known
const KNOWS_ALL = data.known.every((known) => known === data.images.length);
const VALIDATION = data.splits?.filter(Boolean).length ?? 0; // pictures, which the numbers of the report leave out
const SIGNS = { right: "✓", wrong: "✗", missing: "○", confirmed: "✓", added: PREDICTS ? "✓" : "+", absent: "·" };
const MEANINGS = {
  right: "right",
  wrong: "wrong, it is not true",
  missing: JUDGES ? "missing, it is true" : "lost, observed and not pseudo-labelled",
  confirmed: "confirmed, observed and pseudo-labelled",
  added: PREDICTS ? "predicted" : "added by the teacher, truth unknown",
  absent: PREDICTS ? "not predicted" : "not pseudo-labelled",
};
const DEFAULTS = { variant: data.chosen ?? 0, category: -1, kind: element("kind").options[0].value, sort: element("sort").options[0].value, find: "", page: 1 };
let state = { ...DEFAULTS };
let shownImages = []; // those that the filters leave, on all pages
let shownFor = ""; // the state that they are of
const sumsOf = new Map(); // variant -> what totals() returned

// -- what a label is, at a variant

const has = (bits, variant) => Math.floor(bits / 2 ** variant) % 2 === 1;
const isAdded = (entry, variant) => has(labels.pseudo[entry], variant) && labels.observed[entry] !== OBSERVED.PRESENT;
const lost = (entry, variant) => labels.observed[entry] === OBSERVED.PRESENT && !has(labels.pseudo[entry], variant);

function judged(entry, variant) {
  const positive = has(labels.pseudo[entry], variant);
  const truth = labels.true[entry];
  if (truth === TRUE.UNKNOWN) {
    if (labels.observed[entry] === OBSERVED.PRESENT) return positive ? "confirmed" : "missing";
    if (positive) return labels.observed[entry] === OBSERVED.ABSENT ? "wrong" : "added";
    return "absent";
  }
  if (positive) return truth === TRUE.PRESENT ? "right" : "wrong";
  if (has(labels.ignored[entry], variant)) return "absent"; // no label is no wrong one
  return truth === TRUE.PRESENT ? "missing" : "absent";
}

function meaning(entry, variant) {
  const judgement = judged(entry, variant);
  const denied = judgement === "wrong" && labels.true[entry] === TRUE.UNKNOWN;
  const unknown = judgement === "missing" && labels.true[entry] === TRUE.UNKNOWN;
  if (denied) return "wrong, observed to be absent";
  return unknown ? "lost, observed and not pseudo-labelled" : MEANINGS[judgement] + (lost(entry, variant) ? ", observed and lost" : "");
}

function difference(entry) {
  // between probability and label, in thousandths; -1 where no label is known
  const truth = labels.true[entry];
  const observed = labels.observed[entry];
  if (truth === TRUE.UNKNOWN && observed === OBSERVED.UNOBSERVED) return -1;
  const present = truth === TRUE.UNKNOWN ? observed === OBSERVED.PRESENT : truth === TRUE.PRESENT;
  return Math.abs(labels.probability[entry] - 1000 * Number(present));
}

// -- which pictures, in which order

function isError(entry, variant) {
  const judgement = judged(entry, variant);
  return judgement === "wrong" || judgement === "missing" || lost(entry, variant);
}

function fits(entry, kind, variant) {
  if (kind === "added") return isAdded(entry, variant);
  if (kind === "error") return isError(entry, variant);
  if (kind === "lost") return lost(entry, variant);
  return judged(entry, variant) === kind;
}

function keyOf(sort, own, errors, image) {
  if (sort === "errors") return errors;
  if (sort === "certain") return own.high;
  if (sort === "uncertain") return -own.low;
  return state.category < 0 ? data.disagreement[image] : own.difference;
}

function chosen() {
  const { variant, category, kind, sort, find } = state;
  const countsErrors = sort === "errors" || kind === "right";
  const isOfPictures = ["all", "right", "unchanged"].includes(kind); // the other kinds are of labels
  const wanted = find.trim().toLowerCase();
  const found = [];
  const keys = new Map();
  for (let image = 0; image < data.images.length; image++) {
    if (wanted && data.images[image] !== wanted && !data.files[image].toLowerCase().includes(wanted)) continue;
    let isRelevant = category < 0;
    let isFit = false;
    let errors = 0;
    let added = 0;
    const own = { difference: -1, high: -1, low: Infinity }; // of the category's labels, and of the added ones
    for (let entry = labels.start[image]; entry < labels.start[image + 1]; entry++) {
      if (category >= 0 && labels.category[entry] !== category) continue;
      own.difference = Math.max(own.difference, difference(entry));
      if (countsErrors) errors += isError(entry, variant);
      if (isAdded(entry, variant)) {
        added += 1;
        own.high = Math.max(own.high, labels.probability[entry]);
        own.low = Math.min(own.low, labels.probability[entry] - (PREDICTS ? data.thresholds[labels.category[entry]] : 0));
      }
      // of a category: pictures that have it, or are taken to have it
      isRelevant ||= labels.true[entry] === TRUE.PRESENT || labels.observed[entry] === OBSERVED.PRESENT || has(labels.pseudo[entry], variant);
      isFit ||= !isOfPictures && fits(entry, kind, variant);
    }
    if (!(isOfPictures ? isRelevant && !(kind === "right" ? errors : kind === "unchanged" && added) : isFit)) continue;
    found.push(image);
    keys.set(image, keyOf(sort, own, errors, image));
  }
  if (sort !== "row") found.sort((one, other) => keys.get(other) - keys.get(one) || one - other);
  return found;
}

function totals(variant) {
  // what a variant adds, over all pictures
  if (sumsOf.has(variant)) return sumsOf.get(variant);
  const sums = { added: 0, pictures: 0, lost: 0, positive: 0 };
  for (let image = 0; image < data.images.length; image++) {
    let any = 0;
    for (let entry = labels.start[image]; entry < labels.start[image + 1]; entry++) {
      any += isAdded(entry, variant);
      sums.positive += has(labels.pseudo[entry], variant);
      sums.lost += lost(entry, variant);
    }
    sums.added += any;
    sums.pictures += any > 0;
  }
  sumsOf.set(variant, sums);
  return sums;
}

// -- files beside the page: scripts of a block of pictures each, loaded when a picture of theirs is shown

function blockLoader(folder, name, kept) {
  const blocks = new Map(); // number -> content, or the callbacks that wait for it
  window[name] = (number, content) => {
    const waiting = blocks.get(number);
    blocks.delete(number);
    blocks.set(number, { content }); // last in the order of the map: the newest
    for (const call of waiting || []) call(content);
    for (const [old, held] of blocks) {
      if (blocks.size <= kept) break;
      if (held.content && old !== number) blocks.delete(old);
    }
  };
  return (image, call, fail) => {
    const number = Math.floor(image / data.block);
    const pick = (content) => call(content, image % data.block);
    const held = blocks.get(number);
    if (held && held.content) return void pick(held.content);
    if (held) return void held.push(pick);
    blocks.set(number, [pick]);
    const script = document.createElement("script");
    script.src = `${folder}/${String(number).padStart(5, "0")}.js`;
    script.onload = () => script.remove();
    script.onerror = () => (blocks.delete(number), fail());
    document.head.append(script);
  };
}

const thumbnailOf = blockLoader(data.thumbnails, "thumbnails", 40);
const detailsOf = blockLoader(data.details, "details", 10);

function withThumbnail(image, call, fail) {
  thumbnailOf(image, (texts, place) => call(`data:image/webp;base64,${texts[place]}`), fail);
}

function probabilitiesOf(content, place) {
  // of all categories, from two bytes each
  const bytes = atob(content.probability[place]);
  return data.categories.map((_, category) => (bytes.charCodeAt(2 * category) + 256 * bytes.charCodeAt(2 * category + 1)) / 10000);
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
  const predicted = names((entry) => has(labels.pseudo[entry], state.variant));
  if (PREDICTS) return `predicted: ${predicted}`;
  const truth = JUDGES ? `; true: ${names((entry) => labels.true[entry] === TRUE.PRESENT)}` : "";
  return `observed: ${names((entry) => labels.observed[entry] === OBSERVED.PRESENT)}; pseudo-labels: ${predicted}${truth}`;
}

const nameOf = (image) => data.files[image] + (data.files[image] === data.images[image] ? "" : ` (${data.images[image]})`) + (data.splits?.[image] ? " · val" : "");

function item(category, share, judgement, tags, words) {
  const bar = make("span", { className: "bar", "aria-hidden": "true" }, make("span"));
  bar.firstChild.style.width = `${100 * share}%`;
  const name = make("span", { className: "name" }, data.categories[category]);
  return make(
    "li",
    { className: judgement + (category === state.category ? " focus" : "") },
    make("span", { className: "sign", title: words, "aria-hidden": "true" }, SIGNS[judgement]),
    make("span", {}, name, ...tags.flatMap((tag) => [" ", make("span", { className: "seen" }, tag)])),
    bar,
    make("span", { className: "number" }, `${Math.round(100 * share)} %`),
    make("span", { className: "hidden-text" }, words),
  );
}

function itemOf(entry, share) {
  const observed = labels.observed[entry];
  const tags = [];
  if (observed !== OBSERVED.UNOBSERVED) tags.push(observed === OBSERVED.PRESENT ? "observed" : "observed absent");
  if (has(labels.ignored[entry], state.variant)) tags.push("ignored");
  return item(labels.category[entry], share, judged(entry, state.variant), tags, meaning(entry, state.variant));
}

function card(image) {
  const frame = make("button", { className: "frame", type: "button", ariaLabel: `Open ${nameOf(image)}` }, "loading");
  frame.onclick = () => open(image);
  withThumbnail(
    image,
    (source) => frame.replaceChildren(make("img", { src: source, alt: described(image), decoding: "async" })),
    () => (frame.textContent = "thumbnail not found"),
  );
  const list = make("ul", { className: "labels", ariaLabel: "Labels" });
  for (let entry = labels.start[image]; entry < labels.start[image + 1]; entry++) {
    const own = labels.category[entry] === state.category;
    const near = entry - labels.start[image] < ALWAYS;
    const isPlain = judged(entry, state.variant) === "absent" && labels.observed[entry] === OBSERVED.UNOBSERVED;
    if (isPlain && !has(labels.ignored[entry], state.variant) && !own && !near) continue;
    list.append(itemOf(entry, labels.probability[entry] / 1000));
  }
  return make("article", { className: "picture", ariaLabel: `Image ${data.images[image]}` }, frame, make("h3", {}, nameOf(image)), list);
}

// -- one picture as a whole, in a dialog; Escape closes it, and the browser gives the focus back

let openImage = -1;

function open(image) {
  openImage = image;
  const place = shownImages.indexOf(image);
  element("whole-name").textContent = nameOf(image);
  element("whole-previous").disabled = place <= 0;
  element("whole-next").disabled = place < 0 || place === shownImages.length - 1;
  element("whole-note").textContent = "";
  element("whole-labels").replaceChildren(make("li", {}, "loading"));
  const picture = element("whole-picture");
  picture.alt = described(image);
  picture.onerror = null;
  picture.removeAttribute("src");
  withThumbnail(image, (source) => image === openImage && !picture.getAttribute("src") && (picture.src = source), () => {});
  detailsOf(
    image,
    (content, number) => {
      if (image !== openImage) return;
      picture.onerror = () => {
        picture.onerror = null;
        element("whole-note").textContent = `The picture is not at ${decodeURIComponent(content.picture[number])}, or this browser cannot show it: this is its thumbnail.`;
        withThumbnail(image, (source) => image === openImage && (picture.src = source), () => {});
      };
      if (content.picture[number]) picture.src = content.picture[number];
      else element("whole-note").textContent = "The picture lies in a tar file, which no page opens: this is its thumbnail.";
      drawAll(image, probabilitiesOf(content, number));
    },
    () => (element("whole-note").textContent = `The probabilities of this picture are not in the folder ${data.details} beside this page.`),
  );
  if (!element("whole").open) element("whole").showModal();
}

function drawAll(image, probability) {
  const entries = new Map();
  for (let entry = labels.start[image]; entry < labels.start[image + 1]; entry++) entries.set(labels.category[entry], entry);
  const order = probability.map((_, category) => category).sort((one, other) => probability[other] - probability[one] || one - other);
  const items = order.map((category) => {
    const entry = entries.get(category);
    return entry === undefined ? item(category, probability[category], "absent", [], MEANINGS.absent) : itemOf(entry, probability[category]);
  });
  element("whole-labels").replaceChildren(...items);
}

function step(by) {
  const image = shownImages[shownImages.indexOf(openImage) + by];
  if (image !== undefined) open(image);
}

element("whole").addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") step(-1);
  if (event.key === "ArrowRight") step(1);
});
element("whole").addEventListener("click", (event) => event.target === element("whole") && element("whole").close());
element("whole-previous").onclick = () => step(-1);
element("whole-next").onclick = () => step(1);
element("whole-close").onclick = () => element("whole").close();

// -- categories

const ratio = (part, whole) => (whole ? part / whole : NaN);
const shown = (value) => (Number.isNaN(value) ? "–" : `${(100 * value).toFixed(1)} %`);

function numbers(category, variant) {
  const counts = data.counts[variant];
  return {
    true: data.present[category],
    observed: data.observed[category],
    pseudo: counts.pseudo[category],
    predicted: counts.pseudo[category],
    added: counts.pseudo[category] - (data.observed[category] - counts.lost[category]),
    lost: counts.lost[category],
    precision: ratio(counts.right[category], counts.judged[category]),
    recall: ratio(counts.right[category], data.present[category]),
    threshold: PREDICTS ? data.thresholds[category] / 1000 : NaN,
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
  const lines = ["precision", "recall"];
  const description = data.variants.map((name, variant) => {
    const at = numbers(category, variant);
    return `${name}: precision ${shown(at.precision)}, recall ${shown(at.recall)}`;
  });
  svg.append(draw("title", {}, `${data.categories[category]}. ${description.join("; ")}`));
  for (const tick of [0, 0.5, 1]) {
    svg.append(draw("line", { x1: left, x2: width - right, y1: y(tick), y2: y(tick), class: "axis" }));
    svg.append(draw("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, `${100 * tick} %`));
  }
  const every = Math.ceil(data.variants.length / 7);
  data.variants.forEach((name, variant) => {
    if (variant % every) return;
    svg.append(draw("text", { x: x(variant), y: height - bottom + 16, "text-anchor": "middle" }, name.replace("τ ", "")));
  });
  svg.append(draw("text", { x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle" }, "threshold τ (probability)"));
  svg.append(draw("line", { x1: x(state.variant), x2: x(state.variant), y1: top, y2: height - bottom, class: "at" }));
  const ends = [];
  for (const name of lines) {
    const points = data.variants.map((_, variant) => [variant, numbers(category, variant)[name]]).filter((point) => !Number.isNaN(point[1]));
    if (!points.length) continue;
    svg.append(draw("polyline", { points: points.map(([v, value]) => `${x(v)},${y(value)}`).join(" "), class: name }));
    for (const [v, value] of points) svg.append(draw("circle", { cx: x(v), cy: y(value), r: 3, class: name }));
    const end = points[points.length - 1];
    ends.push([y(end[1]), name, x(end[0])]);
  }
  ends.sort((one, other) => one[0] - other[0]);
  if (ends.length === 2 && ends[1][0] - ends[0][0] < 14) {
    const middle = Math.min((ends[0][0] + ends[1][0]) / 2, height - bottom - 7);
    (ends[0][0] = middle - 7), (ends[1][0] = middle + 7);
  }
  for (const [height_, name, at] of ends) svg.append(draw("text", { x: at + 8, y: height_ + 4, class: name }, name));
  return svg;
}

const FORMS = { precision: shown, recall: shown, threshold: shown }; // of columns that are no numbers of pictures
const COLUMNS = PREDICTS
  ? ["category", "predicted", "threshold"]
  : JUDGES
    ? ["category", "true", "observed", "pseudo", "lost", "precision", "recall"]
    : ["category", "observed", "added", "lost", "pseudo"];
let order = { by: COLUMNS[1], down: true };

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
      const cells = COLUMNS.slice(1).map((name) => make("td", {}, (FORMS[name] ?? whole.format)(row[name])));
      return make("tr", {}, make("td", {}, button), ...cells);
    }),
  );
}

function drawCategory() {
  const { variant, category } = state;
  element("of-category").hidden = category < 0;
  if (category < 0) return;
  const at = numbers(category, variant);
  element("category-name").textContent = data.categories[category];
  element("chart").replaceChildren(...(JUDGES && data.variants.length > 1 ? [chart(category)] : []));
  const name = data.variants[variant];
  element("category-numbers").textContent = PREDICTS
    ? `predicted for ${some(at.predicted, "picture")}, where its probability is above ${shown(at.threshold)}.`
    : JUDGES
      ? `${name}: ${some(at.pseudo, "pseudo-label")}, ${whole.format(at.true)} true, ${whole.format(at.observed)} observed, ` +
        `of these ${whole.format(at.lost)} lost; precision ${shown(at.precision)}, recall ${shown(at.recall)}.`
      : `${name}: ${some(at.observed, "observed label")}, ${whole.format(at.added)} added by the teacher` +
        (at.lost ? `, ${whole.format(at.lost)} observed and lost.` : ".");
}

function drawVariant() {
  const sums = totals(state.variant);
  const name = data.variants[state.variant] + (state.variant === data.chosen ? ", which validation chose," : "");
  element("at-variant").textContent = PREDICTS
    ? `${some(sums.positive, "label")} predicted for ${whole.format(sums.pictures)} of ${some(data.images.length, "picture")}.`
    : `${name} adds ${some(sums.added, "label")} to ${whole.format(sums.pictures)} of ${some(data.images.length, "picture")}` +
      (VALIDATION ? ` (${some(VALIDATION, "validation picture")} among them)` : "") +
      (sums.lost ? ` and loses ${some(sums.lost, "observed label")}.` : ".");
}

function draw() {
  const { variant } = state;
  const filters = JSON.stringify({ ...state, page: 0 });
  if (filters !== shownFor) shownImages = chosen();
  shownFor = filters;
  const pages = Math.max(1, Math.ceil(shownImages.length / PER_PAGE));
  state.page = Math.min(Math.max(1, state.page), pages);
  const first = (state.page - 1) * PER_PAGE;
  const cards = shownImages.slice(first, first + PER_PAGE).map(card);
  element("results").replaceChildren(...(cards.length ? cards : [make("p", {}, "No picture fits: choose other pictures above.")]));
  element("count").textContent = `${whole.format(shownImages.length)} of ${some(data.images.length, "picture")}`;
  element("page").value = state.page;
  element("page").max = pages;
  element("pages").textContent = `of ${whole.format(pages)}`;
  element("previous").disabled = state.page === 1;
  element("next").disabled = state.page === pages;
  for (const name of ["category", "kind", "sort", "find"]) element(name).value = state[name];
  document.querySelectorAll("#variants input")[variant].checked = true;
  drawVariant();
  drawCategory();
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
  state.variant = within(state.variant, 0, data.variants.length, DEFAULTS.variant);
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

element("about").textContent = PREDICTS
  ? `Labels by ${data.model}; a label is predicted where its probability is above the threshold of its category.`
  : `${some(data.images.length, IN_POOL ? "picture" : "training picture")}${IN_POOL ? " of the pool" : ""}, ${whole.format(data.categories.length)} categories; ` +
    `probabilities of the ${data.teacher.includes(", ") ? "teachers" : "teacher"} ${data.teacher}.` +
    (JUDGES && !KNOWS_ALL ? " Some true labels are unknown: precision and recall are on the known ones." : "");
data.variants.forEach((name, variant) => {
  const input = make("input", { type: "radio", name: "variant", value: variant });
  input.onchange = () => change({ variant });
  element("variants").append(make("label", {}, input, make("span", {}, name + (variant === data.chosen ? " (chosen)" : ""))));
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
