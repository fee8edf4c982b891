"use strict";
// The kiosk: everything happens on one page that never leaves its address, so nothing of a person stays in the history,
// and a server that is away for a moment leaves no error page on the wall.
const home = document.querySelector("[data-home]").dataset.home;
const desk = document.querySelector("form.desk");
const door = document.querySelector("[data-code]");
const headline = document.querySelector("h2");
const invitation = headline && headline.textContent;
const IDLE_SECONDS = 20;
const PAGE = {headers: {Accept: "text/html"}, cache: "no-store"};

async function ask(address, options = {}) {
  const reply = await fetch(address, {...PAGE, ...options, signal: AbortSignal.timeout(10000)});
  return {reply, page: new DOMParser().parseFromString(await reply.text(), "text/html")};
}

if (desk && !desk.employee_id.value) serve();
else if (door) setInterval(turn, 10000);
else if (document.querySelector("form.asking")) leaveWhenIdle(Number(document.querySelector("form.asking").dataset.seconds));
else if (document.querySelector(".told, .found, form.desk")) {
  const told = document.querySelector(".told");
  setTimeout(() => location.replace(home), 1000 * (told ? Number(told.dataset.seconds) : IDLE_SECONDS));
}

function leaveWhenIdle(seconds) { // what somebody typed who went away is not left for the next one
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => location.replace(home), 1000 * seconds);
  };
  for (const kind of ["keydown", "input", "pointerdown"]) document.addEventListener(kind, wait);
  addEventListener("pageshow", (event) => { if (event.persisted) location.replace(home); });
  wait();
}

function serve() {
  const first = desk.employee_id;
  const fields = [...desk.querySelectorAll("input")];
  const buttons = [...desk.querySelectorAll("button.status")];
  const answer = document.querySelector("#answer");
  const panel = document.querySelector("#panel");
  const whose = document.querySelector("#whose");
  const touch = matchMedia("(any-pointer: coarse)").matches;
  let field = first;
  let timer = 0;
  let readyAt = 0;
  let asked = 0;
  let revoked = false;
  let named = 0;
  let soon = 0;
  let burst = ""; // keys that come faster than anybody types: a scanner
  let keyAt = -Infinity;

  function wait(seconds) {
    clearTimeout(timer);
    timer = setTimeout(idle, seconds * 1000);
  }

  function hide() {
    if (revoked) location.replace(home);
    answer.replaceChildren();
    clearTimeout(timer);
  }

  function close() {
    panel.hidden = true;
    panel.replaceChildren();
    asked++;
  }

  function empty() {
    desk.reset();
    unname();
    field = first;
    for (const one of fields) one.inputMode = touch ? "none" : one.type === "password" ? "numeric" : "text";
    first.focus();
  }

  function idle() {
    hide();
    close();
    empty();
  }

  function next(from) {
    const stop = fields.slice(fields.indexOf(from) + 1).find((one) => !("optional" in one.dataset)) || buttons[0];
    readyAt = performance.now() + 400; // a scanner may send Enter twice: the second one chooses nothing
    stop.focus();
    if (from === first) name(true);
  }

  function unname() {
    clearTimeout(soon);
    named++;
    if (whose) whose.textContent = "";
  }

  function nameSoon() { // of who types without Enter
    unname();
    if (first.value) soon = setTimeout(name, 500);
  }

  async function name(isWhole = false) {
    if (!whose) return;
    unname();
    const turn = named;
    try {
      const body = new URLSearchParams({employee_id: first.value});
      const reply = await fetch(`${home}/person`, {method: "POST", body, signal: AbortSignal.timeout(10000)});
      if (!reply.ok) return;
      const known = (await reply.json()).name || (isWhole && whose.dataset.unknown) || "";
      if (turn === named) whose.textContent = known;
    } catch {
      // No line at the moment: the mark itself says so.
    }
  }

  function copy(name) {
    return document.querySelector(name).content.firstElementChild.cloneNode(true);
  }

  function tell(told) {
    answer.replaceChildren(told);
    wait(fields.some((one) => one.value) ? 1.5 : Number(told.dataset.seconds)); // somebody types already
  }

  async function send(button) {
    if (desk.classList.contains("sent")) return;
    const body = new URLSearchParams(new FormData(desk));
    body.set("status", button.value);
    hide();
    desk.classList.add("sent");
    button.classList.add("pressed");
    empty(); // who comes next may type at once
    let told = null;
    try {
      const {reply, page} = await ask(desk.action, {method: "POST", body});
      told = page.querySelector("#answer > .told");
      revoked = !told && reply.status < 500;
    } catch {
      // told below: nobody knows what became of it
    }
    desk.classList.remove("sent");
    button.classList.remove("pressed");
    tell(told || copy(revoked ? "#revoked" : "#unreachable"));
  }

  async function find(address) {
    const turn = ++asked;
    try {
      const {reply, page} = await ask(address);
      if (turn !== asked) return; // more letters were typed meanwhile
      const found = page.querySelector("form.found");
      if (!found && reply.status >= 500) lookedUpInVain();
      else if (!found) location.replace(home);
      else if (panel.hidden) open(page.querySelector("form.search"), found);
      else panel.querySelector("form.found").replaceWith(found);
    } catch {
      if (turn === asked) lookedUpInVain();
    }
  }

  function lookedUpInVain() {
    const told = copy("#nameless");
    if (panel.hidden) {
      answer.replaceChildren(told);
      wait(8);
    } else {
      const line = document.createElement("p");
      line.setAttribute("role", "status");
      line.textContent = `${told.children[0].textContent}. ${told.children[1].textContent}`;
      panel.querySelector("form.found").replaceChildren(line);
    }
  }

  function open(search, found) {
    hide();
    panel.replaceChildren(search, found);
    panel.hidden = false;
    search.q.focus();
  }

  function scanned(event) { // and ended by Enter: it is the whole of what the scanner read
    if (event.key.length > 1 && event.key !== "Enter") return; // Shift, and what else stands between
    const pause = event.timeStamp - keyAt;
    const fast = pause < 50 && !event.repeat && burst;
    if (event.key !== "Enter") { // only what follows a long pause is a scan: else one that falters would lose its head
      burst = pause > 500 ? event.key : fast ? burst + event.key : "";
      keyAt = event.timeStamp;
      return;
    }
    const target = document.activeElement;
    if (fast && burst.length > 2 && (target === first || target.name === "q") && target.value !== burst) {
      target.value = burst;
      target.dispatchEvent(new Event("input", {bubbles: true}));
    }
    burst = "";
    keyAt = -Infinity;
  }

  function press(key) {
    hide();
    if (key === "letters") field.inputMode = "text";
    else if (key === "back") field.value = field.value.slice(0, -1);
    else if (field.value.length < field.maxLength) field.value += key;
    if (field === first) nameSoon();
    if (key === "letters") field.blur(); // its keyboard comes with the next focus
    field.focus();
    wait(IDLE_SECONDS);
  }

  desk.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.submitter) send(event.submitter);
  });
  desk.addEventListener("input", (event) => {
    hide();
    if (event.target === first) nameSoon();
    wait(IDLE_SECONDS);
  });
  desk.addEventListener("focusin", (event) => { if (event.target.matches("input")) field = event.target; });
  desk.addEventListener("pointerdown", (event) => { if (event.target.closest("[data-key]")) event.preventDefault(); });
  desk.addEventListener("click", (event) => {
    const key = event.target.closest("[data-key]");
    if (key) press(key.dataset.key);
    if (!event.target.closest(".find a")) return;
    event.preventDefault();
    find(`${home}/people`);
  });
  panel.addEventListener("input", (event) => find(`${home}/people?q=${encodeURIComponent(event.target.value)}`));
  panel.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!event.submitter || event.submitter.name !== "employee_id") return;
    first.value = event.submitter.value;
    close();
    next(first);
  });
  panel.addEventListener("click", (event) => {
    if (!event.target.closest("[data-close]")) return;
    event.preventDefault();
    idle();
  });
  document.addEventListener("keydown", (event) => {
    wait(IDLE_SECONDS);
    if (event.key === "Escape") idle();
    scanned(event);
    if (!panel.hidden || event.ctrlKey || event.altKey || event.metaKey) return;
    const types = event.key.length === 1 && event.key !== " ";
    if (types && !fields.includes(document.activeElement)) { // a badge is read again: it replaces what stood there
      empty();
    } else if (event.key === "Enter" && fields.includes(document.activeElement)) {
      event.preventDefault();
      if (document.activeElement.value || document.activeElement !== first) next(document.activeElement);
    } else if (event.key === "Enter" && performance.now() < readyAt) {
      event.preventDefault();
    }
  });
  document.addEventListener("pointerdown", () => {
    if (answer.hasChildNodes()) hide();
    wait(IDLE_SECONDS);
  });
  document.addEventListener("click", (event) => {
    if (panel.hidden && !event.target.closest("a, button, input, label")) field.focus();
  });
  addEventListener("focus", () => { if (panel.hidden && document.activeElement === document.body) first.focus(); });
  // What a restart or the registry changed shows by itself, while nobody stands here.
  setInterval(async () => {
    if (fields.some((one) => one.value) || answer.hasChildNodes() || !panel.hidden) return;
    try {
      const {reply, page} = await ask(home);
      const fresh = page.querySelector("form.desk");
      const same = fresh && [...page.scripts].every((one, at) => one.getAttribute("src") === document.scripts[at].getAttribute("src"));
      const idles = !fields.some((one) => one.value) && panel.hidden;
      if (reply.ok && idles && !(same && fresh.querySelectorAll("input, .status").length === fields.length + buttons.length)) location.replace(home);
    } catch {
      // No line at the moment; asked again in a minute.
    }
  }, 60000);

  desk.querySelector(".keys").hidden = false;
  idle();
}

let turnedAt = performance.now();

async function turn() {
  try {
    const {reply, page} = await ask(door.dataset.code);
    const drawing = page.querySelector("svg");
    if (reply.ok && drawing) {
      turnedAt = performance.now();
      if (drawing.outerHTML !== door.innerHTML) door.replaceChildren(drawing);
    } else if (reply.status < 500) location.replace(home);
  } catch {
    // No line at the moment; asked again in ten seconds.
  }
  const old = performance.now() - turnedAt > 45000;
  door.classList.toggle("old", old);
  const said = old ? "The code is away for a moment. It comes back by itself." : invitation;
  if (headline.textContent !== said) headline.textContent = said;
}
