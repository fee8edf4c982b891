"use strict";
// Rows hide while somebody types; without this the form asks the server.
const search = document.querySelector("form[data-live]");
const table = document.querySelector("table[data-rows]");

if (search && table) {
  const none = document.querySelector("[data-none]");
  const heads = Number(table.dataset.rows); // of these cells somebody's name and ID are read
  const told = (row) => [...row.cells].slice(0, heads).map((cell) => cell.textContent).join(" ").toLowerCase();
  const rows = [...table.tBodies[0].rows].map((row) => [row, told(row)]);
  search.q.addEventListener("input", () => {
    const words = search.q.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) shown++;
    }
    none.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} people are shown.`;
  });
}
