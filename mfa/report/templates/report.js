"use strict";
// Long tables get a filter; without scripts they are simply long.
for (const table of document.querySelectorAll("table[data-filter]")) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  label.className = "filter";
  input.type = "search";
  label.append(table.dataset.filter, input);
  table.closest("figure").prepend(label);
  const fold = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/đ/g, "d").toLowerCase();
  const rows = [...table.tBodies[0].rows].map((row) => [row, fold(row.textContent.replace(/Đ/g, "đ"))]);
  input.addEventListener("input", () => {
    const words = fold(input.value.replace(/Đ/g, "đ")).split(/\s+/);
    for (const [row, text] of rows) row.hidden = !words.every((word) => text.includes(word));
  });
  // A link to a hidden row shows all rows again.
  addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.hidden && table.contains(target)) {
      input.value = "";
      input.dispatchEvent(new Event("input"));
      target.scrollIntoView();
    }
  });
}
// The contents show where the reader is.
const links = new Map([...document.querySelectorAll(".toc a")].map((a) => [decodeURIComponent(a.hash.slice(1)), a]));
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    for (const link of links.values()) {
      link.classList.remove("now");
      link.removeAttribute("aria-current");
    }
    const link = links.get(entry.target.id);
    link.classList.add("now");
    link.setAttribute("aria-current", "location");
  }
}, {rootMargin: "-10% 0px -85% 0px"});
for (const id of links.keys()) seen.observe(document.getElementById(id));
