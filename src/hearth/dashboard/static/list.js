// All stacks of the project, kept up to date while the page is open.

import { api } from "./api.js";
import { fill, h, moment, problem, state } from "./dom.js";

const PAGE = 50;
const EVERY = 4000;

export function list(page, go, signal) {
  const rows = h("tbody");
  const failed = h("div");
  const empty = h("p.dim");
  const more = h("button", { type: "button", onclick: () => show((limit += PAGE)) }, "Show more");
  const search = h("input", { type: "search", placeholder: "Find by name", "aria-label": "Find by name" });
  let limit = PAGE;
  let timer;

  const row = (one) =>
    h(
      "tr",
      h("td", h("a", { href: go.to(one) }, one.stack_name), one.protected && h("span.tag", "protected"), one.paused && h("span.tag", "paused")),
      h("td", state(one.stack_status)),
      h("td.dim.reason", one.stack_status.endsWith("FAILED") ? one.stack_status_reason : ""),
      h("td", moment(one.updated_time ?? one.creation_time)),
    );

  async function show() {
    clearTimeout(timer);
    try {
      const name = search.value.trim();
      const query = { limit: limit + 1, sort_keys: "creation_time", sort_dir: "desc" };
      const { stacks } = await api.stacks(query, signal);
      const found = stacks.slice(0, limit).filter((one) => one.stack_name.toLowerCase().includes(name.toLowerCase()));
      fill(rows, found.map(row));
      fill(failed);
      more.hidden = stacks.length <= limit;
      empty.textContent = stacks.length === 0 ? "There are no stacks yet." : found.length ? "" : "No stack is called so.";
    } catch (error) {
      if (error.name === "AbortError") return;
      fill(failed, problem(error));
    }
    if (!signal.aborted) timer = setTimeout(show, EVERY);
  }

  search.addEventListener("input", show);
  signal.addEventListener("abort", () => clearTimeout(timer));
  fill(
    page,
    h("div.head", h("h1", "Stacks"), search, h("a.button.main", { href: "#/new" }, "New stack")),
    failed,
    h("table.list", h("thead", h("tr", ["Name", "State", "", "Changed"].map((text) => h("th", text)))), rows),
    empty,
    h("p", more),
  );
  return show();
}
