"use strict";
// Clocks: the server's time plus what the steady clock of the browser has counted since; never the device's own time.
const clocks = [...document.querySelectorAll("[data-clock]")];
const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const two = (number) => String(number).padStart(2, "0");
const quarterOf = (instant) => Math.floor(instant / 900000);
// The server wrote its time when the answer began; what it took to load the rest has passed since.
const [arrival] = performance.getEntriesByType("navigation");
let countedAt = arrival ? arrival.responseStart : performance.now();
let serverNow = clocks.length ? Number(clocks[0].dataset.now) : 0;
let knownQuarter = quarterOf(serverNow);
let askAgainAt = 0;
let deviceAhead = Date.now() - performance.now();

function present() {
  return serverNow + performance.now() - countedAt;
}

function offsetLabel(seconds) {
  const minutes = Math.abs(seconds) / 60;
  return `UTC${seconds < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function show(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function draw() {
  const now = present(); // once: all clocks show the same second
  for (const clock of clocks) {
    const offset = Number(clock.dataset.offset);
    const local = new Date(now + offset * 1000); // its UTC fields are read: they are the site's local time
    show(clock.querySelector(".clock-time"), [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(two).join(":"));
    show(clock.querySelector("[data-date]"), `${weekdays[local.getUTCDay()]} ${local.getUTCDate()} ${months[local.getUTCMonth()]} ${local.getUTCFullYear()}`);
    show(clock.querySelector("[data-offset-label]"), offsetLabel(offset));
  }
}

function tick() {
  draw();
  // Clocks are set back and forward at a quarter of an hour: ask until the server has told of the new one. A steady
  // clock may stand still while a device sleeps: where the two clocks of the device drift apart, it slept; ask as well.
  const ahead = Date.now() - performance.now();
  const slept = Math.abs(ahead - deviceAhead) > 2000;
  deviceAhead = ahead;
  if (slept || (quarterOf(present()) !== knownQuarter && performance.now() > askAgainAt)) sync();
  setTimeout(tick, 1000 - (present() % 1000));
}

// So many clocks are asked for at once; a page of all sites may have more.
async function syncSome(some) {
  const asked = performance.now();
  const sites = some.map((clock) => `site=${encodeURIComponent(clock.dataset.clock)}`).join("&");
  const answer = await fetch(`/clock?${sites}`);
  if (!answer.ok) return NaN;
  const told = await answer.json();
  countedAt = performance.now();
  serverNow = told.now + (countedAt - asked) / 2;
  for (const clock of some) {
    if (clock.dataset.clock in told.offsets) clock.dataset.offset = told.offsets[clock.dataset.clock];
  }
  return quarterOf(told.now);
}

async function sync() {
  askAgainAt = performance.now() + 10000;
  try {
    const quarters = [];
    for (let first = 0; first < clocks.length; first += 40) quarters.push(await syncSome(clocks.slice(first, first + 40)));
    if (quarters.some(Number.isNaN)) return;
    knownQuarter = quarters[0]; // where it turned while they were asked one after the other, they are asked again
    askAgainAt = 0;
    draw();
  } catch {
    // No line at the moment: the steady clock goes on, and ten seconds later it is asked again.
  }
}

if (clocks.length) {
  tick();
  document.addEventListener("visibilitychange", () => { if (!document.hidden) sync(); });
  addEventListener("pageshow", (event) => { if (event.persisted) sync(); });
}

// A tap shows at once that it was taken, and a second one does not send again while the first is under way.
for (const form of document.querySelectorAll("form.mark")) {
  const ready = () => {
    form.classList.remove("sent");
    form.querySelectorAll(".pressed").forEach((button) => button.classList.remove("pressed"));
  };
  form.addEventListener("keydown", (event) => {
    // Enter goes on to the next field, and from the last one to the buttons; it never chooses between them.
    if (event.key !== "Enter" || !event.target.matches("input:not([type=checkbox])")) return;
    event.preventDefault();
    const stops = [...form.querySelectorAll("input:not([type=checkbox]), button.status")];
    stops[stops.indexOf(event.target) + 1].focus();
  });
  form.addEventListener("submit", (event) => {
    if (form.classList.contains("sent")) {
      event.preventDefault();
      return;
    }
    form.classList.add("sent");
    if (event.submitter) event.submitter.classList.add("pressed");
    setTimeout(ready, 8000);
  });
  addEventListener("pageshow", (event) => { if (event.persisted) ready(); });
}
