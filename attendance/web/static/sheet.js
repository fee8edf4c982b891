"use strict";
// Rows hide while somebody types; without this the form asks the server.
const search = document.querySelector("form[data-live]");
const table = document.querySelector("table[data-rows]");

if (search && table) {
  const none = document.querySelector("[data-none]");
  const rows = [...table.tBodies[0].rows].map((row) => [row, `${row.cells[0].textContent} ${row.cells[1].textContent}`.toLowerCase()]);
  search.q.addEventListener("input", () => {
    const words = search.q.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const [row, told] of rows) {
      row.hidden = !words.every((word) => told.includes(word));
      if (!row.hidden) shown++;
    }
    none.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} rows are shown.`;
  });
}
