"use strict";
// The list is printed by one click, and says how many are safe; without this it is printed from the browser's menu.
const print = document.querySelector("[data-print]");
const checked = document.querySelector("[data-checked]");
const boxes = [...document.querySelectorAll(".safe input")];

if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
for (const box of boxes) {
  box.addEventListener("change", () => {
    checked.textContent = `${boxes.filter((one) => one.checked).length} of ${boxes.length} are safe`;
  });
}
