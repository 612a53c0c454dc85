// A plan as it is read before it is applied: what becomes of each resource, with values and reasons.

import { api } from "./api.js";
import { fill, h, note, problem, shown } from "./dom.js";

const SIGNS = { create: "+", update: "~", replace: "±", delete: "−", refuse: "!", keep: " " };
const LEFT = {
  object: "its object stays where it is",
  snapshot: "a snapshot of it stays",
  forced: "its object stays if it cannot be deleted",
};

function matters(one) {
  const nested = [one.nested, one.nested_removed].filter(Boolean);
  if (one.change === "update" && nested.length && !one.nested_unknown) {
    return nested.some((stack) => stack.resources.some(matters));
  }
  return one.change !== "keep" || one.may_be.length > 0;
}

function values(one) {
  const rows = Object.entries(one.properties).map(([name, value]) =>
    h(
      "tr",
      h("th", name),
      one.change !== "create" && h("td", h("pre.old", shown(value.before))),
      h("td", h("pre.new", shown(value.after))),
    ),
  );
  return rows.length ? h("table.values", rows) : null;
}

function resource(one, everything) {
  const notes = [];
  if (["replace", "refuse", "delete"].includes(one.change)) notes.push(one.reason);
  if (one.may_be.length) notes.push(`or ${one.may_be.join(" or ")}, when the values are known`);
  if (one.leaves) notes.push(LEFT[one.leaves]);
  if (one.nested_unknown) notes.push(one.nested_unknown);
  return h(
    `li.change.${one.change}`,
    h(
      "details",
      { open: one.change !== "keep" },
      h("summary", h("b.sign", SIGNS[one.change]), ` ${one.name} `, h("span.dim", one.type)),
      notes.map((text) => h("p.reason", text)),
      values(one),
      [one.nested, one.nested_removed].filter(Boolean).map((stack) => stackOf(stack, everything)),
    ),
  );
}

function stackOf(stack, everything) {
  const kept = stack.resources.filter((one) => everything || matters(one));
  return h(
    "ul.plan",
    stack.batches && h("li.dim", `in ${stack.batches.count} batches`),
    kept.map((one) => resource(one, everything)),
  );
}

function summary(document) {
  const counts = Object.keys(SIGNS)
    .filter((word) => document.summary[word])
    .map((word) => h(`span.count.${word}`, `${document.summary[word]} to ${word}`));
  const chain = document.critical_path;
  return h(
    "div",
    h("p.counts", counts.length ? counts : "There is nothing to do."),
    document.summary.uncertain > 0 && h("p.dim", `${document.summary.uncertain} may come otherwise, when values are known.`),
    chain.length > 1 && h("p.dim", `Longest chain of work (${chain.length}): ${chain.slice(0, 8).join(" → ")}${chain.length > 8 ? " …" : ""}`),
    document.left_out.length > 0 && h("p.dim", `Left out: ${document.left_out.join(", ")}`),
  );
}

/** Show a plan in an element, with the button that does exactly what it says; `done(stack)` when that has begun. */
export function offer(element, plan, label, done) {
  const list = h("div");
  const redraw = (everything) => fill(list, stackOf(plan.document.stack, everything));
  const failed = h("div");
  const apply = h(`button.${plan.document.action === "DELETE" ? "danger" : "main"}`, { type: "button" }, label);
  const drop = h("button", { type: "button" }, "Drop the plan");
  const answered = async (work, then) => {
    apply.disabled = drop.disabled = true;
    try {
      then(await work());
    } catch (error) {
      apply.disabled = drop.disabled = false;
      fill(failed, problem(error));
    }
  };
  apply.addEventListener("click", () =>
    answered(() => api.apply(plan), (stack) => {
      note(`${label}: begun.`);
      done(stack);
    }),
  );
  drop.addEventListener("click", () => answered(() => api.forget(plan), () => fill(element)));
  redraw(false);
  fill(
    element,
    h(
      "section.card",
      h("h2", "The plan"),
      summary(plan.document),
      h(
        "label.check",
        h("input", { type: "checkbox", onchange: (event) => redraw(event.target.checked) }),
        " Show what is kept, too",
      ),
      list,
      failed,
      h("p.buttons", plan.document.summary.refuse ? null : apply, drop),
    ),
  );
  element.scrollIntoView({ behavior: "smooth", block: "start" });
}
