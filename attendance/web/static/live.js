"use strict";
// What happens at sites shows as it happens. The stream is read by hand: so its comments show that the line is there,
// and a refusal can be told from a lost line.
const line = document.querySelector("p[data-live]");
const table = document.querySelector("[data-rows]");
const ask = document.querySelector("[data-ask]");
const find = document.querySelector("form[data-live] [name=q]") || (ask && ask.q);
const person = document.querySelector("[data-person]");
const stateWords = {in: "In now", present: "Present", absent: "Absent", left: "Left", late: "Late", not_marked: "Not marked", off: "Day off", holiday: "Holiday", unknown: "Other"};
const SILENT = 25000; // a comment comes every ten seconds
const HIDDEN = 60000;
let after = line ? line.dataset.after : "";
let waitFor = 1000;
let open = null;
let refreshing = 0;
let wake = () => {};
const positions = {};

function state(name, text) {
  line.className = `line ${name}`;
  show(line.querySelector("[data-line]"), text);
}

// The time there: of the one site of the page, else UTC.
function timeThere() {
  const clock = clocks.length === 1 ? clocks[0] : null;
  const local = new Date(present() + (clock ? Number(clock.dataset.offset) * 1000 : 0));
  const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(two).join(":");
  return `${time} ${clock ? "there" : "UTC"}`;
}

async function listen() {
  const stop = new AbortController();
  let heardAt = performance.now();
  const watch = setInterval(() => { if (performance.now() - heardAt > SILENT) stop.abort(); }, 1000);
  open = stop;
  try {
    const answer = await fetch(line.dataset.live, {headers: after ? {"Last-Event-ID": after} : {}, signal: stop.signal, cache: "no-store"});
    if (answer.status === 401 || answer.status === 403) return "out";
    if (!answer.ok) return "lost";
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const {done, value} = await reader.read();
      if (done) break;
      heardAt = performance.now();
      waitFor = 1000;
      state("live", "Live");
      text += value;
      const events = text.split("\n\n");
      text = events.pop();
      events.forEach(hear);
    }
  } catch {
    // No line: it is told below.
  } finally {
    clearInterval(watch);
    open = null;
  }
  return "lost";
}

async function keepListening() {
  for (;;) {
    if (await listen() === "out") {
      state("lost", `Not live since ${timeThere()}: you are signed out. `);
      const link = document.createElement("a");
      link.href = location.href;
      link.textContent = "Sign in again";
      line.querySelector("[data-line]").append(link);
      return;
    }
    if (!line.classList.contains("lost")) state("lost", `Not live since ${timeThere()}. It is tried again by itself.`);
    do await new Promise((go) => { wake = go; setTimeout(go, waitFor); });
    while (document.hidden);
    waitFor = Math.min(waitFor * 2, 10000);
  }
}

function hear(event) {
  const fields = {};
  for (const part of event.split("\n")) {
    const at = part.indexOf(": ");
    if (at > 0) fields[part.slice(0, at)] = part.slice(at + 2);
  }
  if (fields.id !== undefined) after = fields.id;
  if (!fields.data) return;
  const told = JSON.parse(fields.data);
  const known = positions[told.site];
  positions[told.site] = told.position;
  if (fields.event === "mark") {
    if (known !== undefined && told.position <= known) return; // heard before
    total(told);
    if (person) mark(told);
    say(told);
  } else if (fields.event === "changed" || told.position !== known) {
    if (told.totals) total(told);
    refresh();
  }
}

// Totals of a site: in its row among all sites, or above its people; they are of everybody, whoever is sought.
function total(told) {
  const row = rowOf(told.site);
  const place = person ? document : row;
  if (!place) return;
  const totals = {...told.totals, in: told.totals.present - told.totals.left};
  for (const one of place.querySelectorAll("[data-total]")) {
    const count = totals[one.dataset.total];
    const target = one.matches("b") ? one : one.querySelector("a");
    if (count === undefined || !target || target.textContent === String(count)) continue;
    const sum = document.querySelector(`[data-sum=${one.classList.contains("not_due") ? "not_due" : one.dataset.total}]`);
    if (sum) sum.textContent = Number(sum.textContent) + count - Number(target.textContent);
    target.textContent = count;
  }
}

function rowOf(id) {
  return table && [...table.tBodies[0].rows].find((row) => row.dataset.id === id);
}

// A row stays where it is and says that it is new; somebody who is not there yet comes last.
function mark(told) {
  const id = told.employee_id.toLowerCase();
  let row = rowOf(id);
  if (!row) {
    const shown = table.dataset.show;
    const kinds = {in: ["present"], present: ["present", "left"], off: ["off", "holiday"]}[shown] || [shown];
    const fits = !shown || (shown === "late" ? told.late : shown === "visitor" ? told.visitor : kinds.includes(told.kind));
    if (!table.hasAttribute("data-whole") || !fits) return;
    row = person.content.firstElementChild.cloneNode(true);
    row.dataset.id = id;
    row.querySelector("bdi").textContent = told.name;
    const link = row.querySelector("a");
    if (link) link.href = link.getAttribute("href").replace("{}", () => encodeURIComponent(told.employee_id));
    row.cells[1].textContent = told.employee_id;
    table.tBodies[0].append(row);
    const all = document.querySelector("[data-all]");
    if (!shown) all.textContent = Number(all.textContent) + 1;
    show(document.querySelector("[data-none]"), "");
  }
  const cell = row.cells[2];
  cell.className = told.kind + (told.late ? " late" : "");
  cell.replaceChildren(word(told));
  if (told.late) cell.append(" ", tag("late", true));
  if (told.visitor) cell.append(" ", tag("visitor"));
  const fresh = tag("new");
  fresh.classList.add("fresh");
  cell.append(" ", fresh);
  row.cells[3].replaceChildren(...time(told.first));
  row.cells[4].replaceChildren(...time(told.last));
  setTimeout(() => fresh.remove(), 60000);
  filter();
}

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function sign() {
  const made = element("span", "sign", "");
  made.setAttribute("aria-hidden", "true");
  return made;
}

function word(told) {
  const made = element("span", "word", "");
  const off = told.status && (told.kind === "off" || told.kind === "holiday");
  made.append(sign(), ` ${told.status || stateWords[told.kind]}${off ? `, ${stateWords[told.kind].toLowerCase()}` : ""}`);
  return made;
}

function tag(text, signed) {
  const made = element("b", signed ? `tag ${text}` : "tag", "");
  made.append(...(signed ? [sign(), " "] : []), text);
  return made;
}

function time(timestamp) {
  return timestamp ? [element("span", "t", timestamp.slice(11, 19))] : [];
}

// What is read out: one by one while few mark, and how many when there are many; never more often than every five seconds.
let unsaid = [];
let speaking = 0;
function say(told) {
  unsaid.push(`${told.name}: ${told.status || stateWords[told.kind]}`);
  if (speaking) return;
  speaking = setTimeout(() => {
    const said = document.querySelector("[data-said]");
    said.textContent = unsaid.length > 3 ? `${unsaid.length} people have marked.` : `${unsaid.join(". ")}.`;
    unsaid = [];
    speaking = 0;
  }, unsaid.length > 1 ? 5000 : 1500);
}

// The page is read again, and what differs is put in its place; clocks go on.
function refresh(wait = 300) {
  clearTimeout(refreshing);
  refreshing = setTimeout(async () => {
    try {
      const answer = await fetch(address(), {cache: "no-store"});
      if (answer.ok && !answer.redirected) merge(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // No line: it is told elsewhere, and whoever comes again hears how it is.
    }
    awaitDue();
  }, wait + Math.random() * 200);
}

// Whoever has not marked is missing from the minute on that the page tells: then it is read again.
let dueTimer = 0;
function awaitDue() {
  const waits = [...document.querySelectorAll("time[data-due]")].map((one) => Date.parse(one.dateTime) - present());
  clearTimeout(dueTimer);
  if (waits.length) dueTimer = setTimeout(refresh, Math.max(Math.min(...waits) + 1000, 10000));
}

function address() {
  return ask && ask.q.value.trim() ? `${ask.getAttribute("action")}?q=${encodeURIComponent(ask.q.value.trim())}` : ask ? ask.getAttribute("action") : location.href;
}

function merge(fresh) {
  for (const part of fresh.querySelectorAll("[data-part], [data-sum]")) {
    const name = part.dataset.part ? `[data-part="${part.dataset.part}"]` : `[data-sum=${part.dataset.sum}]`;
    put(document.querySelector(name), part);
  }
  const body = table && table.tBodies[0];
  const read = fresh.querySelector("[data-rows] tbody");
  if (!body || !read) return;
  if (ask) table.parentElement.hidden = !read.rows.length;
  const known = new Map([...body.rows].map((row) => [row.dataset.id, row]));
  const stay = new Set([...read.rows].map((row) => row.dataset.id));
  for (const [id, row] of known) if (!stay.has(id)) row.remove();
  let next = body.firstElementChild;
  for (const row of [...read.rows]) {
    const there = known.get(row.dataset.id);
    if (there) [...row.cells].forEach((cell, at) => { if (!cell.querySelector("[data-clock]")) put(there.cells[at], cell); });
    if (there && there === next) next = next.nextElementSibling;
    else body.insertBefore(there || row, next);
  }
  filter();
}

function put(there, fresh) {
  if (!there || there.innerHTML === fresh.innerHTML) return;
  there.className = fresh.className;
  there.replaceChildren(...fresh.childNodes);
}

function filter() {
  if (!find || !table) return;
  const words = find.value.toLowerCase().split(/\s+/);
  let shown = 0;
  for (const row of table.tBodies[0].rows) {
    const told = (row.dataset.find || `${row.cells[0].textContent} ${row.cells[1].textContent}`).toLowerCase();
    row.hidden = !words.every((one) => told.includes(one));
    if (!row.hidden) shown++;
  }
  const none = document.querySelector("[data-none]");
  if (none && find.value.trim()) show(none, `${shown} of ${table.tBodies[0].rows.length} people are shown.`);
  else if (none && table.tBodies[0].rows.length) show(none, "");
}

if (find) {
  find.addEventListener("input", () => {
    filter();
    if (ask) refresh(250);
  });
}
if (line) {
  keepListening();
  awaitDue();
  let hiding = 0;
  addEventListener("online", () => wake());
  document.addEventListener("visibilitychange", () => {
    wake();
    clearTimeout(hiding); // a page that nobody sees lets go of its line
    if (document.hidden) hiding = setTimeout(() => { if (open) open.abort(); }, HIDDEN);
  });
}
