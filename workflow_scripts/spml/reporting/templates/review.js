"use strict";
// One question after the other, answered by keys. Answers are kept in the browser, a record per chunk of questions.

const data = JSON.parse(document.getElementById("data").textContent);
const element = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en");
const percent = new Intl.NumberFormat("en", { style: "percent" });
const KEYS = { y: "yes", n: "no", s: "skip", u: "undo" };
const EPOCH = Date.UTC(2020, 0, 1) / 1000; // seconds are counted from here, so that a record is short
const REMEMBERED = 100; // answers that undo can take back after the page was closed

// -- scripts that hold data, loaded on demand

const loaded = new Map(); // address -> its content, or the callbacks that wait for it
const KEPT = 60;

function receive(address, content) {
  const waiting = loaded.get(address) || [];
  loaded.delete(address);
  loaded.set(address, { content }); // last in the order of the map: the newest
  for (const call of waiting) call(content);
  for (const [old, held] of loaded) {
    if (loaded.size <= KEPT) break;
    if (held.content && old !== address) loaded.delete(old);
  }
}

const addressOf = (kind, number) => `${data.folder}/${kind}/${String(number).padStart(5, "0")}.js`;
window.questions = (number, content) => receive(addressOf("questions", number), content);
window.thumbnails = (number, content) => receive(addressOf("pictures", number), content);

function request(kind, number, call) {
  const address = addressOf(kind, number);
  const held = loaded.get(address);
  if (held && held.content) return call(held.content);
  if (held) return void held.push(call);
  loaded.set(address, [call]);
  const script = document.createElement("script");
  script.src = address;
  script.onload = () => script.remove();
  script.onerror = () => (loaded.delete(address), tell(`${address} cannot be loaded: it lies beside this page; copy the whole folder.`));
  document.head.append(script);
}

function tell(text) {
  element("problem").textContent = text;
  element("problem").hidden = false;
}

const column = (chunk, number) => Object.fromEntries(Object.entries(chunk).map(([name, values]) => [name, values[number % data.chunk]]));
const withQuestion = (number, call) => request("questions", Math.floor(number / data.chunk), (chunk) => call(column(chunk, number)));

function withPicture(number, call) {
  request("pictures", Math.floor(number / data.block), (texts) => call(`data:image/webp;base64,${texts[number % data.block]}`));
}

// -- answers: a cell per question, "" or its first letter, number of the person, ".", seconds in base 36

const chunks = Math.ceil(data.questions / data.chunk);
const store = (name) => `review:${data.key}:${name}`;
let people = [];
let history = [];
const cells = [];

function load() {
  try {
    people = JSON.parse(localStorage.getItem(store("people")) || "[]");
    history = JSON.parse(localStorage.getItem(store("history")) || "[]");
    element("who").value = localStorage.getItem(store("who")) || "";
    for (let chunk = 0; chunk < chunks; chunk++) {
      const saved = (localStorage.getItem(store(chunk)) || "").split(",");
      const size = Math.min(data.chunk, data.questions - chunk * data.chunk);
      for (let number = 0; number < size; number++) cells.push(saved[number] || "");
    }
  } catch (error) {
    tell(`Progress cannot be saved in this browser (${error.message}): download the answers before you close the page.`);
    while (cells.length < data.questions) cells.push("");
  }
}

function save(number) {
  const chunk = Math.floor(number / data.chunk);
  try {
    localStorage.setItem(store(chunk), cells.slice(chunk * data.chunk, (chunk + 1) * data.chunk).join(","));
    localStorage.setItem(store("history"), JSON.stringify(history.slice(-REMEMBERED)));
    localStorage.setItem(store("people"), JSON.stringify(people));
    localStorage.setItem(store("who"), element("who").value);
  } catch (error) {
    tell(`Progress cannot be saved in this browser (${error.message}): download the answers before you close the page.`);
  }
}

function cell(answer) {
  const who = element("who").value.trim();
  if (!people.includes(who)) people.push(who);
  return `${answer[0]}${people.indexOf(who).toString(36)}.${(Math.floor(Date.now() / 1000) - EPOCH).toString(36)}`;
}

function parsed(text) {
  const [person, seconds] = text.slice(1).split(".");
  return { answer: { y: "yes", n: "no", s: "skip" }[text[0]], who: people[parseInt(person, 36)] || "", when: new Date((parseInt(seconds, 36) + EPOCH) * 1000).toISOString().replace(".000Z", "Z") };
}

// -- what is asked

let category = 0;
let current = -1;
const done = data.categories.map(() => 0); // answered or skipped questions by category

const categoryOf = (number) => data.categories.findIndex(({ start, count }) => number >= start && number < start + count);

function next(from) {
  const { start, count } = data.categories[from];
  for (let number = start; number < start + count; number++) if (!cells[number]) return number;
  return -1;
}

function advance() {
  // the next question of this category, or of the next one that has some
  for (let step = 0; step < data.categories.length; step++) {
    const candidate = (category + step) % data.categories.length;
    const number = done[candidate] < data.categories[candidate].count ? next(candidate) : -1;
    if (number >= 0) return void ((category = candidate), show(number));
  }
  show(-1);
}

function asked(name) {
  return `Is there ${/^[aeiou]/i.test(name) ? "an" : "a"} ${name} in this picture?`;
}

function show(number) {
  current = number;
  for (const id of ["yes", "no", "skip"]) element(id).disabled = number < 0;
  element("undo").disabled = !history.length;
  drawCategories();
  if (number < 0) {
    element("asked").textContent = data.questions ? "Every question is answered. Download the answers." : "There is nothing to ask.";
    element("hint").textContent = "";
    return element("frame").replaceChildren();
  }
  element("asked").textContent = asked(data.categories[category].name);
  withQuestion(number, (question) => {
    if (current !== number) return;
    element("hint").textContent = `Suggested: ${question.suggestion}. The model gives it ${percent.format(question.probability)} (${question.why}). ${question.file}`;
    withPicture(question.picture, (address) => {
      if (current !== number) return;
      const image = document.createElement("img");
      image.alt = question.file;
      image.src = address;
      element("frame").replaceChildren(image);
    });
    for (let ahead = number + 1; ahead < Math.min(number + 4, data.questions); ahead++) withQuestion(ahead, (later) => withPicture(later.picture, () => {}));
  });
}

function drawCategories() {
  const list = element("categories");
  if (!list.children.length) {
    data.categories.forEach(({ name }, number) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...[name, ""].map((text) => Object.assign(document.createElement("span"), { textContent: text })));
      button.onclick = () => ((category = number), advance());
      const item = document.createElement("li");
      item.append(button);
      list.append(item);
    });
  }
  data.categories.forEach(({ count }, number) => {
    const button = list.children[number].firstChild;
    const text = `${whole.format(done[number])} of ${whole.format(count)}`;
    if (button.lastChild.textContent !== text) button.lastChild.textContent = text;
    button.className = done[number] === count ? "done" : "";
    if (number === category) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  });
  const answered = cells.filter((text) => text && text[0] !== "s").length;
  element("about").textContent = `${whole.format(answered)} of ${whole.format(data.questions)} questions answered.`;
  element("again").hidden = !cells.some((text) => text[0] === "s");
}

// -- what a person does

function answer(word) {
  if (current < 0) return;
  cells[current] = cell(word);
  history.push(current);
  done[category] += 1;
  save(current);
  element("saved").textContent = "";
  advance();
}

function undo() {
  const number = history.pop();
  if (number === undefined) return;
  if (cells[number]) done[categoryOf(number)] -= 1;
  cells[number] = "";
  save(number);
  category = categoryOf(number);
  show(number);
}

function again() {
  cells.forEach((text, number) => {
    if (text[0] !== "s") return;
    cells[number] = "";
    done[categoryOf(number)] -= 1;
    save(number);
  });
  history = history.filter((number) => cells[number]);
  advance();
}

// Text that a spreadsheet could take for a formula begins with an apostrophe, as in the tables of the pipeline.
const escaped = (text) => (/^['\s]*[=+\-@＝＋－＠]/.test(text) && (Number.isNaN(Number(text)) || !text.trim()) ? `'${text}` : text);
const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function download() {
  const numbers = [...cells.keys()].filter((number) => cells[number] && cells[number][0] !== "s");
  const wanted = [...new Set(numbers.map((number) => Math.floor(number / data.chunk)))];
  const contents = new Map();
  const finish = () => {
    const lines = [["image_id", "file_name", "category", "answer", "who", "when"].join(",")];
    for (const number of numbers) {
      const question = column(contents.get(Math.floor(number / data.chunk)), number);
      const { answer, who, when } = parsed(cells[number]);
      const names = [question.image, question.file, data.categories[categoryOf(number)].name].map(escaped);
      lines.push([...names, answer, escaped(who), when].map(quoted).join(","));
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
    link.download = "answers.csv";
    link.click();
    URL.revokeObjectURL(link.href);
    element("saved").textContent = `${whole.format(numbers.length)} ${numbers.length === 1 ? "answer" : "answers"} saved as answers.csv. ${data.next}`;
  };
  if (!wanted.length) return finish();
  for (const number of wanted) {
    request("questions", number, (content) => {
      contents.set(number, content);
      if (contents.size === wanted.length) finish();
    });
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target === element("who")) return;
  const action = KEYS[event.key.toLowerCase()];
  if (action === "undo") undo();
  else if (action) answer(action);
});
for (const word of ["yes", "no", "skip"]) element(word).onclick = () => answer(word);
element("undo").onclick = undo;
element("again").onclick = again;
element("download").onclick = download;

load();
data.categories.forEach(({ start, count }, number) => {
  for (let question = start; question < start + count; question++) if (cells[question]) done[number] += 1;
});
if (data.categories.length) advance();
else show(-1);
