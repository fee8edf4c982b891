"use strict";
// The display: asks every few seconds who is in, says so when nobody answers, and turns the pages of a crowd.
const people = document.querySelector("#people");
const old = document.querySelector("#old");
const EVERY_MS = 4000;
const OLD_MS = 30000;
const PAGE_MS = 10000;
let heardAt = performance.now();
let heardTime = clockText();

function clockText() {
  return document.querySelector(".clock-time").textContent;
}

async function ask() {
  try {
    const reply = await fetch(people.dataset.from, {headers: {Accept: "text/html"}, cache: "no-store", signal: AbortSignal.timeout(10000)});
    if (reply.status === 403 || reply.status === 404) {
      location.reload(); // its right was taken away, or the site: the page says what to do
      return;
    }
    if (reply.ok) tell(await reply.text());
  } catch {
    // No line at the moment; asked again soon.
  }
  const isOld = performance.now() - heardAt > OLD_MS;
  const said = isOld ? `No answer from the server. This is who was in at ${heardTime}.` : "";
  if (old.textContent !== said) old.textContent = said;
  setTimeout(ask, EVERY_MS);
}

function tell(text) {
  heardAt = performance.now();
  heardTime = clockText();
  const fresh = new DOMParser().parseFromString(text, "text/html").body;
  const bare = (element) => element.innerHTML.trim();
  if (bare(fresh) === bare(people)) return;
  const at = people.querySelector(".names")?.scrollTop ?? 0;
  people.replaceChildren(...fresh.childNodes);
  fit();
  const names = people.querySelector(".names");
  if (names) names.scrollTop = at;
}

function fit() { // whole rows: no name is cut at the lower edge
  const names = people.querySelector(".names");
  if (!names) return;
  names.style.maxHeight = "none";
  if (names.scrollHeight > names.clientHeight + 1) names.style.maxHeight = `${step(names) - gap(names) + 1}px`;
}

function gap(names) {
  return parseFloat(getComputedStyle(names).rowGap);
}

function step(names) { // how far the rows that are seen whole reach
  const row = names.querySelector("li").getBoundingClientRect().height + gap(names);
  return Math.max(1, Math.floor((names.clientHeight + gap(names)) / row)) * row;
}

function turn() {
  const names = people.querySelector(".names");
  if (!names || names.scrollHeight <= names.clientHeight + 1 || names === document.activeElement) return;
  const isLast = names.scrollTop + names.clientHeight >= names.scrollHeight - 2;
  names.scrollTop = isLast ? 0 : names.scrollTop + step(names);
}

if (people) {
  fit();
  addEventListener("resize", fit);
  setTimeout(ask, EVERY_MS);
  setInterval(turn, PAGE_MS);
}
