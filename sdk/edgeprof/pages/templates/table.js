// Tables sort by a click on a heading and are filtered by the words of a text; rows beyond the first are shown on
// request, so that a page of thousands of rows opens at once.
"use strict";
const FILTERED_COUNT = 20;

function keyOf(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.sort ?? cell.textContent.trim();
  const number = Number(text);
  return text === "" || Number.isNaN(number) ? text : number;
}

function compare(a, b) {
  // Numbers come before texts, as `not reported`.
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return typeof a === "number" ? a - b : a.localeCompare(b, undefined, {numeric: true});
}

function withTools(table) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  let rows = [...body.rows];
  let limit = Number(table.dataset.shown ?? Infinity);
  const texts = new Map();
  const controls = document.createElement("div");
  controls.className = "controls";
  const words = document.createElement("input");
  words.type = "search";
  words.placeholder = "filter";
  words.setAttribute("aria-label", "filter rows");
  const told = document.createElement("span");
  const more = document.createElement("button");
  more.textContent = "show more";

  const choices = headings.flatMap((heading, column) => {
    if (!("choices" in heading.dataset)) return [];
    const values = [...new Set(rows.map((row) => row.cells[column].textContent.trim()))].sort();
    if (values.length < 2) return [];
    const select = document.createElement("select");
    select.setAttribute("aria-label", heading.textContent);
    select.append(new Option(`any ${heading.textContent}`, ""), ...values.map((value) => new Option(value, value)));
    return [{select, column}];
  });

  function textOf(row) {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  }

  function show() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = choices.filter(({select}) => select.value);
    let count = 0;
    for (const row of rows) {
      const holds = wanted.every((word) => textOf(row).includes(word)) &&
        chosen.every(({select, column}) => row.cells[column].textContent.trim() === select.value);
      count += holds;
      row.hidden = !holds || count > limit;
    }
    told.textContent = `${Math.min(count, limit)} of ${count === rows.length ? "" : `${count} of `}${rows.length} rows`;
    more.hidden = count <= limit;
  }

  headings.forEach((heading, column) => {
    if (!heading.textContent) return;
    const button = document.createElement("button");
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const descending = heading.ariaSort === "ascending";
      for (const other of headings) other.ariaSort = null;
      heading.ariaSort = descending ? "descending" : "ascending";
      const keys = new Map(rows.map((row) => [row, keyOf(row, column)]));
      rows.sort((a, b) => (descending ? -1 : 1) * compare(keys.get(a), keys.get(b)));
      body.append(...rows);
      show();
    });
  });
  if (rows.length > FILTERED_COUNT) {
    words.addEventListener("input", show);
    for (const {select} of choices) select.addEventListener("change", show);
    more.addEventListener("click", () => { limit *= 5; show(); });
    controls.append(words, ...choices.map(({select}) => select), told, more);
    table.parentElement.before(controls);
  }
  show();
}

for (const table of document.querySelectorAll("table.data")) withTools(table);
