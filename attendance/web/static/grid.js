"use strict";
// In a grid one day is a stop of the keyboard, and arrows lead from day to day: thousands of stops would be none.
const grid = document.querySelector("table.grid");

if (grid) {
  const body = grid.tBodies[0];
  const days = grid.tHead.rows[0].cells;
  const linkAt = (row, column) => row && row.cells[column] && row.cells[column].querySelector("a");
  let stop = null;

  const stand = (link) => {
    if (stop) stop.tabIndex = -1;
    stop = link;
    link.tabIndex = 0;
  };
  const name = (link) => { // what an ear needs that does not see the row and the column
    const cell = link.closest("td");
    const who = cell.parentElement.cells[0].querySelector("bdi").textContent;
    const day = days[cell.cellIndex].querySelector(".pause").textContent;
    link.setAttribute("aria-label", `${who}, ${day}: ${link.textContent}`);
  };
  const seek = (row, column, down, right) => { // the next day that is there, over gaps and hidden rows
    for (;;) {
      row = down ? (down > 0 ? row.nextElementSibling : row.previousElementSibling) : row;
      column += right;
      if (!row || column < 1 || column >= days.length) return null;
      const link = row.hidden || row.cells[column].matches(".s") ? null : linkAt(row, column);
      if (link) return link;
    }
  };
  const ways = {
    ArrowRight: (row, column) => seek(row, column, 0, 1),
    ArrowLeft: (row, column) => seek(row, column, 0, -1),
    ArrowDown: (row, column) => seek(row, column, 1, 0),
    ArrowUp: (row, column) => seek(row, column, -1, 0),
    Home: (row) => seek(row, 0, 0, 1),
    End: (row) => seek(row, days.length, 0, -1),
  };

  for (const link of body.querySelectorAll("td:not(.s) a")) link.tabIndex = -1;
  const first = body.querySelector("td:not(.s) a");
  if (first) stand(first);
  grid.parentElement.setAttribute("aria-label", `${grid.parentElement.getAttribute("aria-label")}; arrows lead from day to day`);
  body.addEventListener("focusin", (event) => {
    if (!event.target.matches("td:not(.s) a")) return;
    name(event.target);
    stand(event.target);
  });
  body.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td:not(.s)");
    const way = ways[event.key];
    if (!cell || !way || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const link = way(cell.parentElement, cell.cellIndex);
    if (!link) return;
    name(link);
    link.focus();
  });
}
