"use strict";
// Niceties only: the page is whole without this script.
(() => {
  const root = document.documentElement;
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));

  all("[data-js]").forEach((node) => { node.hidden = false; });

  // Theme: the system's choice until the reader makes one.
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  const stored = (value) => {
    try {
      if (value) localStorage.setItem("vallum-theme", value);
      return localStorage.getItem("vallum-theme");
    } catch {
      return null; // storage may be switched off; the choice then lasts as long as the page
    }
  };
  const saved = stored();
  if (saved === "dark" || saved === "light") root.dataset.theme = saved;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    stored(root.dataset.theme);
    show();
  });
  system.addEventListener("change", show);
  show();
  document.getElementById("print").addEventListener("click", () => print());

  // A link to something folded opens it.
  const unfold = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  unfold();

  // Sortable tables: each column head becomes a button.
  const key = (row, column) => {
    const cell = row.cells[column];
    if (!cell) return "";
    return cell.dataset.v !== undefined ? Number(cell.dataset.v) : cell.textContent.trim();
  };
  const order = (a, b) => {
    const numbers = [a, b].map((v) => typeof v === "number");
    if (numbers[0] && numbers[1]) return a - b;
    if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
    return a.localeCompare(b, "en", { numeric: true });
  };
  const sort = (table, head) => {
    const down = head.getAttribute("aria-sort") === "ascending";
    all("thead th", table).forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    rows.sort((a, b) => order(key(a, head.cellIndex), key(b, head.cellIndex)) * (down ? -1 : 1));
    body.append(...rows);
  };
  all("table.sortable").forEach((table) => {
    all("thead th", table).forEach((head) => {
      if (head.classList.contains("lane")) return;
      const sorter = document.createElement("button");
      sorter.type = "button";
      sorter.className = "sorter";
      sorter.append(...head.childNodes);
      head.append(sorter);
      sorter.addEventListener("click", () => sort(table, head));
    });
  });

  // Filter by state: hide what speaks only of states that are switched off.
  const boxes = all(".filter input");
  const note = document.querySelector(".filter-note");
  const filter = () => {
    const off = boxes.filter((box) => !box.checked);
    const on = boxes.filter((box) => box.checked).map((box) => box.value);
    all("main [data-states]").forEach((node) => {
      const states = node.dataset.states.split(" ").filter(Boolean);
      node.classList.toggle("off", states.length > 0 && !states.some((state) => on.includes(state)));
    });
    note.textContent = off.length ? "Totals and headings still speak of all states." : "";
  };
  boxes.forEach((box) => box.addEventListener("change", filter));
})();
