"use strict";
// All that the page knows stands in its data block; everything is set as text, never as markup.
const D = JSON.parse(document.getElementById("data").textContent);
const Q = ["id", "names", "kind", "source", "target", "material", "layer", "period", "region", "unit",
  "status", "value", "sd", "lower", "upper", "input", "inputSd", "adjustment", "data"];
const reference = D.quantities.map((row) => Object.fromEntries(Q.map((name, i) => [name, row[i]])));
let quantities = reference;
let balances = D.balances;
const state = {language: D.languages[0], layer: "", view: "", period: D.periods.at(-1),
  region: D.regions[0], scenario: "", chosen: "", find: "", kind: "flow", status: "", sort: "value", down: true};
const $ = (id) => document.getElementById(id);
const lang = () => D.languages.indexOf(state.language);
const word = (key) => D.words[key][lang()];
const unit = (text) => (D.labels.unit[text] || [])[lang()] ?? text;
const named = (table, id) => table[id] ? table[id][lang()] : id;
const process = (id) => named(D.processes, id);
const material = (id) => named(D.materials, id);
const labelOf = (kind, key) => (D.labels[kind][key] || [])[lang()] ?? key;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}
function fold(text) {
  return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[đĐ]/g, "d").toLowerCase();
}

// Numbers: the last digit shown is the first of σ (the first two when it starts with 1).
function decimals(value, sd) {
  if (sd > 0) {
    const power = Math.floor(Math.log10(sd));
    let digits = -power + (sd / 10 ** power < 1.95 ? 1 : 0);
    if (value) digits = Math.max(digits, -Math.floor(Math.log10(Math.abs(value))));
    return digits;
  }
  return value ? 2 - Math.floor(Math.log10(Math.abs(value))) : 0;
}
const formats = new Map(); // making one is slow
function formatter(places) {
  const key = `${state.language}${places}`;
  if (!formats.has(key)) {
    const digits = {minimumFractionDigits: places, maximumFractionDigits: places};
    formats.set(key, new Intl.NumberFormat(state.language, digits));
  }
  return formats.get(key);
}
function number(value, digits) {
  if (value === "inf") return "∞";
  const step = digits < 0 ? 10 ** -digits : 1;
  const places = Math.min(Math.max(digits, 0), 15);
  const shown = digits < 0 ? Math.round(value / step) * step : value;
  return formatter(places).format(Math.abs(shown) < 0.5 * 10 ** -places ? 0 : shown).replace("-", "−");
}
function plain(value) { return value === "inf" ? "∞" : number(value, decimals(value, 0)); }
function estimate(value, sd) {
  const digits = decimals(value, sd);
  return sd > 0 ? `${number(value, digits)} ± ${number(sd, digits)}` : number(value, digits);
}
function interval(q) {
  if (q.lower === null || (q.value !== null && !(q.sd > 0))) return "";
  if (q.upper === "inf") return `≥ ${plain(q.lower)} (${word("unlimited")})`;
  const digits = q.sd > 0 ? decimals(q.value, q.sd) : null;
  const show = (x) => digits === null ? plain(x) : number(x, digits);
  return `${show(q.lower)} – ${show(q.upper)}`;
}
function worth(q) { return q.value === null ? interval(q) : estimate(q.value, q.sd); }

const here = (q) => (q.period === "" || q.period === state.period) && (q.region === "" || q.region === state.region);
const inLayer = (q) => here(q) && (q.layer === state.layer || q.layer === "");

// A scenario holds what differs from the case as it is: from the status on, position first.
function useScenario() {
  const found = D.scenarios.find((x) => x.id && x.id === state.scenario);
  quantities = [...reference];
  balances = [...D.balances];
  if (!found) return;
  for (const [at, ...values] of found.quantities) {
    const changed = Object.fromEntries(Q.slice(10).map((name, i) => [name, values[i]]));
    quantities[at] = {...reference[at], ...changed, before: reference[at]};
  }
  for (const [at, ...values] of found.balances) balances[at] = [...D.balances[at].slice(0, 5), ...values];
}

// ------------------------------------------------------------------------------------- controls
function fill(id, options, current) {
  const select = $(id);
  select.replaceChildren(...options.map(([value, text]) => element("option", {value}, text)));
  select.value = current;
  const label = select.closest("label");
  if (id !== "status" && id !== "kind") label.hidden = options.length < 2;
}
function drawControls() {
  const layers = [...new Set(quantities.filter((q) => q.kind === "flow").map((q) => q.layer))];
  if (!layers.includes(state.layer)) state.layer = layers[0] ?? "";
  const views = D.views.filter((view) => view.layer === state.layer);
  if (!views.some((view) => view.id === state.view)) state.view = views[0]?.id ?? "";
  fill("layer", layers.map((id) => [id, named(D.layers, id)]), state.layer);
  fill("view", views.map((view) => [view.id, view.name[lang()]]), state.view);
  fill("period", D.periods.map((x) => [x, x]), state.period);
  fill("scenario", D.scenarios.map((x) => [x.id, x.name[lang()]]), state.scenario);
  fill("region", D.regions.map((x) => [x, x]), state.region);
  const statuses = Object.keys(D.labels.status);
  const kinds = Object.keys(D.labels.kind);
  fill("kind", [["", word("all")], ...kinds.map((x) => [x, labelOf("kind", x)])], state.kind);
  fill("status", [["", word("all")], ...statuses.map((x) => [x, labelOf("status", x)])], state.status);
}
function drawWords() {
  document.documentElement.lang = state.language;
  document.title = D.title[lang()];
  $("title").textContent = D.title[lang()];
  $("boundary").textContent = D.boundary[lang()];
  $("find").placeholder = word("findHint");
  if ($("report")) $("report").href = D.reports[state.language];
  for (const item of document.querySelectorAll("[data-word]")) item.textContent = word(item.dataset.word);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === state.language));
  }
}

// -------------------------------------------------------------------------------------- picture
let turn = 0;
let picture = "";
async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}
async function drawPicture() {
  const mine = ++turn;
  const plainKey = [state.view, state.period, state.region, state.language].join("|");
  const same = D.scenarios.find((x) => x.id === state.scenario)?.same?.includes(plainKey);
  const key = state.scenario && !same ? `${plainKey}|${state.scenario}` : plainKey;
  const packed = D.pictures[key];
  const text = packed ? await unpack(packed) : "";
  if (mine !== turn) return;
  picture = text;
  $("save-svg").disabled = $("save-png").disabled = !text;
  if (!text) {
    $("picture").replaceChildren(element("p", {}, word(packed === null ? "nothing" : "missing")));
    return;
  }
  const svg = document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", svg.querySelector("desc").textContent);
  svg.querySelector(":scope > title").remove();
  for (const node of svg.querySelectorAll(".mfa-node")) {
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "button");
    node.setAttribute("aria-label", node.querySelector("title").textContent);
    node.addEventListener("click", () => choose(`node:${node.dataset.id}`));
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        choose(`node:${node.dataset.id}`, true);
      }
    });
  }
  for (const link of svg.querySelectorAll(".mfa-link")) {
    link.addEventListener("click", () => {
      const ids = link.dataset.flows.split(" ");
      if (ids.length === 1) choose(`quantity:${ids[0]}`);
      else choose(`node:${link.dataset.target}`);
    });
  }
  for (const text of svg.querySelectorAll(".mfa-label")) {
    text.addEventListener("click", () => choose(`node:${text.dataset.id}`));
  }
  $("picture").replaceChildren(svg);
  mark();
}
function mark() {
  const svg = $("picture").querySelector("svg");
  if (!svg) return;
  const ids = chosenProcesses();
  const nodes = new Set();
  for (const node of svg.querySelectorAll(".mfa-node")) {
    const members = membersOf(node.dataset.id);
    const on = state.chosen === `node:${node.dataset.id}` || (ids.length > 0 && members.some((x) => ids.includes(x)));
    node.classList.toggle("chosen", on);
    if (on) nodes.add(node.dataset.id);
  }
  svg.classList.toggle("mfa-dim", nodes.size > 0);
  for (const link of svg.querySelectorAll(".mfa-link")) {
    link.classList.toggle("near", nodes.has(link.dataset.source) || nodes.has(link.dataset.target));
  }
}
const nodeOf = (id) => (D.groups[state.view] || {})[id];
const membersOf = (id) => nodeOf(id)?.members || [];
function chosenProcesses() {
  const [kind, ...rest] = state.chosen.split(":");
  const id = rest.join(":");
  return kind === "node" ? membersOf(id) : kind === "process" ? [id] : [];
}

// ---------------------------------------------------------------------------------------- panel
function choose(key, focus = false) {
  state.chosen = key;
  drawPanel();
  mark();
  remember();
  if (focus) $("panel-title").focus();
}
function link(text, key) {
  return element("button", {type: "button", class: "link", onclick: () => choose(key, true)}, text);
}
function badge(status) {
  return element("span", {class: `badge status-${status}`}, labelOf("status", status));
}
function drawPanel() {
  const body = $("panel-body");
  const [kind, ...rest] = state.chosen.split(":");
  const quantity = kind === "quantity" && quantities.find((q) => q.id === rest.join(":") && here(q));
  const ids = chosenProcesses();
  $("panel-title").textContent = word("details");
  if (kind === "node" && nodeOf(rest.join(":"))) {
    $("panel-title").textContent = nodeOf(rest.join(":")).names[state.language];
  }
  if (quantity) body.replaceChildren(...aboutQuantity(quantity));
  else if (ids.length) body.replaceChildren(...aboutProcesses(ids));
  else {
    body.replaceChildren(element("p", {}, word("choose")));
    return;
  }
  body.prepend(element("button", {type: "button", class: "close", onclick: () => choose("")}, word("close")));
}
function aboutQuantity(q) {
  $("panel-title").textContent = q.names[lang()];
  const facts = [
    element("p", {}, element("strong", {}, `${worth(q)} ${unit(q.unit)} `), badge(q.status)),
  ];
  if (q.before) facts.push(element("p", {}, `${word("asItIs")}: ${worth(q.before)} ${unit(q.unit)}`));
  if (q.value !== null && interval(q)) facts.push(element("p", {}, `${word("interval")}: ${interval(q)}`));
  if (q.source) {
    const ends = [link(process(q.source), `process:${q.source}`)];
    if (q.target) ends.push(" → ", link(process(q.target), `process:${q.target}`));
    facts.push(element("p", {}, ...ends));
  }
  if (q.material) facts.push(element("p", {}, `${word("material")}: ${material(q.material)}`));
  if (inReport(q)) {
    const href = `${D.reports[state.language]}#q-${slug(q.id)}`;
    facts.push(element("p", {}, element("a", {href}, word("inReport"))));
  }
  return [...facts, ...aboutSources([q])];
}
// The report's annex can be linked to for its main period and region: the last and the first.
function inReport(q) {
  return !state.scenario && D.reports[state.language] && ["", D.periods.at(-1)].includes(q.period) && ["", D.regions[0]].includes(q.region);
}
function slug(id) {
  return [...id].map((c) => /[\p{L}\p{N}_-]/u.test(c) ? c : `.${c.codePointAt(0).toString(16)}.`).join("");
}
function aboutProcesses(ids) {
  const chosen = new Set(ids);
  const rows = quantities.filter((q) => here(q) && q.layer === state.layer);
  const flows = rows.filter((q) => q.kind === "flow");
  const ins = flows.filter((q) => chosen.has(q.target) && !chosen.has(q.source));
  const outs = flows.filter((q) => chosen.has(q.source) && !chosen.has(q.target));
  const stocks = rows.filter((q) => q.kind.startsWith("stock") && chosen.has(q.source));
  const parts = [];
  if (ids.length === 1) {
    $("panel-title").textContent = process(ids[0]);
    const changes = stocks.filter((q) => q.kind === "stock_change");
    parts.push(...aboutBalance(ids[0], ins, outs, changes));
  } else {
    const names = ids.map((id) => element("li", {}, link(process(id), `process:${id}`)));
    parts.push(element("h3", {}, word("members")), element("ul", {}, ...names));
  }
  parts.push(...listed("inflows", ins, "source"), ...listed("outflows", outs, "target"), ...listed("stocks", stocks));
  const all = [...ins, ...outs, ...stocks];
  return [...parts, ...aboutDoubts(all), ...aboutSources(all)];
}
// A sum is no more certain than its parts: their σ decide how many digits it gets.
function spreadOf(items, unitOf) {
  return items.every((q) => q.unit === unitOf) ? Math.hypot(...items.map((q) => q.sd || 0)) : 0;
}
function aboutBalance(id, ...sides) {
  const row = balances.find((b) => b[0] === id && b[1] === state.layer && b[2] === state.period && b[3] === state.region);
  if (!row) return [];
  const lines = ["in", "out", "change", "difference"].map((key, i) => {
    const value = row[5 + i];
    const small = key === "difference" && value !== null && Math.abs(value) < 1e-9 * Math.max(Math.abs(row[5] ?? 0), Math.abs(row[6] ?? 0));
    const spread = spreadOf(sides[i] ?? [], row[4]);
    const text = value === null ? "?" : small ? "0" : number(value, decimals(value, spread));
    return element("tr", {}, element("th", {scope: "row"}, word(key)), element("td", {class: "n"}, text));
  });
  return [element("h3", {}, `${word("balance")} (${unit(row[4])})`), element("table", {}, element("tbody", {}, ...lines))];
}
function size(q) { return q.value === null ? -1 : Math.abs(q.value); }
function listed(key, items, end) {
  if (!items.length) return [];
  const rows = [...items].sort((a, b) => size(b) - size(a)).map((q) => element("tr", {},
    element("th", {scope: "row"}, link(q.names[lang()], `quantity:${q.id}`), end ? element("small", {}, ` ${process(q[end])}`) : ""),
    element("td", {class: "n"}, worth(q), element("br"), element("small", {}, `${unit(q.unit)} `), badge(q.status))));
  return [element("h3", {}, word(key)), element("div", {class: "scroll"}, element("table", {}, element("tbody", {}, ...rows)))];
}
function aboutDoubts(items) {
  const names = (list) => list.flatMap((q, i) => [i ? "; " : " ", link(q.names[lang()], `quantity:${q.id}`)]);
  const free = items.filter((q) => q.value === null);
  const wide = items.filter((q) => q.value && q.sd > 0.3 * Math.abs(q.value));
  const lines = [];
  if (free.length) lines.push(element("p", {}, word("free"), ...names(free)));
  if (wide.length) lines.push(element("p", {}, word("wide"), ...names(wide)));
  if (!lines.length) lines.push(element("p", {}, word("certain")));
  return [element("h3", {}, word("uncertain")), ...lines];
}
function aboutSources(items) {
  const numbers = [...new Set(items.flatMap((q) => q.data))];
  if (!numbers.length) return [element("h3", {}, word("sources")), element("p", {}, word("noSources"))];
  const lines = numbers.map((n) => {
    const [value, sd, unitOf, source, year, scope, note, place, moved, suspect] = D.data[n];
    const about = D.sources[source];
    const head = `${value === null ? "" : estimate(value, sd)} ${unit(unitOf)}`.trim();
    const safe = about && /^https?:\/\//.test(about[3]);
    const title = about ? about[0] : source === "assumption" ? word("assumption") : source;
    const cited = safe ? element("a", {href: about[3], rel: "noopener noreferrer"}, title) : title;
    const more = [about && about[1], year || (about && about[2]), scope, place].filter(Boolean).join(" · ");
    const shift = moved ? ` ${word("adjustment")}: ${number(moved, 1)}` : "";
    return element("li", {}, element("strong", {}, head), " ", cited, " ", element("small", {}, more + shift),
      suspect ? element("strong", {class: "bad"}, ` ${word("suspect")}`) : "",
      about && about[4] ? element("small", {}, element("br"), `“${about[4]}”`) : "",
      note ? element("small", {}, element("br"), note) : "");
  });
  return [element("h3", {}, word("sources")), element("ul", {}, ...lines)];
}

// ---------------------------------------------------------------------------------------- table
const COLUMNS = [
  ["quantity", (q) => q.names[lang()]], ["kind", (q) => labelOf("kind", q.kind)],
  ["from", (q) => q.source && process(q.source)], ["to", (q) => q.target && process(q.target)],
  ["material", (q) => q.material && material(q.material)], ["value", worth, (q) => q.value],
  ["asItIs", (q) => worth(q.before ?? q), (q) => (q.before ?? q).value],
  ["interval", interval, (q) => q.upper === "inf" ? Infinity : q.upper], ["unit", (q) => unit(q.unit)],
  ["status", (q) => labelOf("status", q.status)],
  ["given", (q) => q.input === null ? "" : estimate(q.input, q.inputSd), (q) => q.input],
  ["adjustment", (q) => q.adjustment ? number(q.adjustment, 1) : "", (q) => q.adjustment],
];
function found() {
  const words = fold(state.find).split(/\s+/).filter(Boolean);
  const rows = quantities.filter((q) => inLayer(q) && (!state.kind || q.kind === state.kind) && (!state.status || q.status === state.status));
  const kept = rows.filter((q) => {
    if (!words.length) return true;
    const cited = q.data.map((n) => `${D.data[n][3]} ${(D.sources[D.data[n][3]] || [""])[0]}`);
    const text = fold([q.id, q.names.join(" "), ...COLUMNS.slice(1, 5).map((c) => c[1](q) || ""), ...cited].join(" "));
    return words.every((x) => text.includes(x));
  });
  const column = COLUMNS.find((c) => c[0] === state.sort);
  const key = column[2] || column[1];
  const sign = state.down ? -1 : 1;
  kept.sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === null || x === "") return y === null || y === "" ? 0 : 1;
    if (y === null || y === "") return -1;
    return sign * (typeof x === "number" ? x - y : String(x).localeCompare(String(y), state.language));
  });
  return [kept, rows.length];
}
// All rows are of the chosen kind then.
const columns = () => COLUMNS.filter(([key]) => key === "asItIs" ? state.scenario : key !== "kind" || !state.kind);
function drawTable() {
  const [rows, all] = found();
  const head = columns().map(([key, , numeric]) => {
    const sorted = state.sort === key ? (state.down ? "descending" : "ascending") : "none";
    const button = element("button", {type: "button", "data-sort": key, onclick: () => {
      state.down = state.sort === key ? !state.down : Boolean(numeric);
      state.sort = key;
      drawTable();
      document.querySelector(`[data-sort="${key}"]`).focus();
    }}, word(key));
    return element("th", {scope: "col", "aria-sort": sorted, class: numeric ? "n" : ""}, button);
  });
  document.querySelector("#quantities thead tr").replaceChildren(...head);
  document.querySelector("#quantities tbody").replaceChildren(...rows.map((q) => element("tr", {},
    ...columns().map(([key, show, numeric], i) => {
      if (i === 0) return element("th", {scope: "row"}, link(show(q), `quantity:${q.id}`));
      if (key === "status") return element("td", {}, badge(q.status));
      if ((key === "from" || key === "to") && show(q)) {
        return element("td", {class: "wide"}, link(show(q), `process:${key === "from" ? q.source : q.target}`));
      }
      return element("td", {class: numeric ? "n" : ""}, show(q) || "");
    }))));
  $("count").textContent = word("shown").replace("{n}", rows.length).replace("{all}", all);
}

// ------------------------------------------------------------------------------------ downloads
function save(name, blob) {
  const link = element("a", {href: URL.createObjectURL(blob), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
const fileName = () => [state.view || "sankey", state.scenario, state.period, state.region, state.language].filter(Boolean).join("-");
function csvCell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  // A spreadsheet would run a text that begins like a formula.
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}
function csv() {
  const names = ["id", "kind", "source", "target", "material", "layer", "period", "region", "unit", "status",
    "value", "sd", "lower", "upper", "input", "inputSd", "adjustment"];
  const lines = [["name", ...names].join(",")];
  for (const q of found()[0]) lines.push([csvCell(q.names[lang()]), ...names.map((x) => csvCell(q[x]))].join(","));
  return `\ufeff${lines.join("\r\n")}\r\n`;
}
function savePng() {
  const image = new Image();
  image.addEventListener("load", () => {
    const canvas = element("canvas", {width: 2 * image.width, height: 2 * image.height});
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(`${fileName()}.png`, blob), "image/png");
  });
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture)}`;
}

// ---------------------------------------------------------------------------------------- start
const KEPT = ["language", "layer", "view", "period", "scenario", "region", "chosen"];
function remember() {
  const parts = new URLSearchParams(KEPT.filter((key) => state[key]).map((key) => [key, state[key]]));
  history.replaceState(null, "", `#${parts}`);
}
function recall() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const allowed = {language: D.languages, period: D.periods, region: D.regions,
    scenario: D.scenarios.map((x) => x.id)};
  for (const key of KEPT) {
    const value = parts.get(key);
    if (value && (!allowed[key] || allowed[key].includes(value))) state[key] = value;
  }
  state.layer = D.views.find((view) => view.id === state.view)?.layer ?? state.layer;
}
function drawAll() {
  useScenario();
  drawWords();
  drawControls();
  drawPanel();
  drawTable();
  drawPicture();
}
for (const key of ["layer", "view", "period", "scenario", "region"]) {
  $(key).addEventListener("change", (event) => {
    state[key] = event.target.value;
    if (key === "layer" || key === "view") state.chosen = "";
    drawAll();
    remember();
  });
}
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    state.language = button.dataset.language;
    drawAll();
    remember();
  });
}
$("controls").addEventListener("submit", (event) => event.preventDefault());
$("find").addEventListener("input", (event) => { state.find = event.target.value; drawTable(); });
for (const key of ["kind", "status"]) {
  $(key).addEventListener("change", (event) => { state[key] = event.target.value; drawTable(); });
}
$("save-svg").addEventListener("click", () => save(`${fileName()}.svg`, new Blob([picture], {type: "image/svg+xml"})));
$("save-png").addEventListener("click", savePng);
$("save-csv").addEventListener("click", () => save(`${fileName()}.csv`, new Blob([csv()], {type: "text/csv"})));
$("print").addEventListener("click", () => print());
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && state.chosen) choose(""); });
addEventListener("hashchange", () => { // another address of this page, typed or followed
  const parts = new URLSearchParams(location.hash.slice(1));
  if (!KEPT.some((key) => parts.has(key))) return;
  state.chosen = "";
  recall();
  drawAll();
});
recall();
drawAll();
