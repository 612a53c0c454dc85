// Resources and what needs what, drawn from left to right: what is made first stands left.

import { svg } from "./dom.js";

const WIDTH = 190;
const HEIGHT = 44;
const GAP = { x: 70, y: 16 };
const MOST = 300;

/** Layers of names: each stands right of all that it needs. Circles cannot be in a stack. */
function layers(names, needs) {
  const depth = new Map();
  const of = (name) => {
    if (!depth.has(name)) {
      depth.set(name, 0);
      depth.set(name, Math.max(0, ...needs.get(name).map((one) => of(one) + 1)));
    }
    return depth.get(name);
  };
  const found = [];
  for (const name of names) (found[of(name)] ??= []).push(name);
  return found;
}

/** Order each layer by where its neighbours stand, forth and back, so that few lines cross. */
function untangle(columns, needs, users) {
  const place = new Map();
  const number = (column) => column.forEach((name, at) => place.set(name, at));
  columns.forEach(number);
  for (let round = 0; round < 4; round += 1) {
    const neighbours = round % 2 ? users : needs;
    for (const column of round % 2 ? [...columns].reverse() : columns) {
      const wish = new Map(
        column.map((name) => {
          const near = neighbours.get(name).map((one) => place.get(one));
          return [name, near.length ? near.reduce((sum, one) => sum + one, 0) / near.length : place.get(name)];
        }),
      );
      column.sort((one, other) => wish.get(one) - wish.get(other));
      number(column);
    }
  }
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** The drawing of one stack's resources; null when there are too many to see anything. */
export function draw(resources, onPick) {
  if (resources.length > MOST || resources.length === 0) return null;
  const names = resources.map((one) => one.resource_name).sort();
  const known = new Set(names);
  const users = new Map(resources.map((one) => [one.resource_name, one.required_by.filter((name) => known.has(name))]));
  const needs = new Map(names.map((name) => [name, []]));
  for (const [name, all] of users) for (const user of all) needs.get(user).push(name);
  const columns = layers(names, needs);
  untangle(columns, needs, users);
  const rows = Math.max(...columns.map((column) => column.length));
  const at = new Map();
  columns.forEach((column, x) =>
    column.forEach((name, y) => {
      const top = ((rows - column.length) * (HEIGHT + GAP.y)) / 2;
      at.set(name, { x: 8 + x * (WIDTH + GAP.x), y: 8 + top + y * (HEIGHT + GAP.y) });
    }),
  );
  const lines = [];
  for (const [name, all] of users) {
    for (const user of all) {
      const from = at.get(name);
      const to = at.get(user);
      const [x1, y1, x2, y2] = [from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
      const bend = (x1 + x2) / 2;
      lines.push(svg("path", { d: `M${x1} ${y1} C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}`, class: "edge" }));
    }
  }
  const boxes = resources.map((one) => {
    const { x, y } = at.get(one.resource_name);
    const status = one.resource_status;
    const kind = status.endsWith("FAILED") ? "bad" : status.endsWith("PROGRESS") ? "moving" : "good";
    const box = svg(
      "g",
      { transform: `translate(${x} ${y})`, class: `box ${kind}`, tabindex: 0, role: "button" },
      svg("title", {}, `${one.resource_name}\n${one.resource_type}\n${status}`),
      svg("rect", { width: WIDTH, height: HEIGHT, rx: 6 }),
      svg("text", { x: 12, y: 18 }, cut(one.resource_name, 24)),
      svg("text", { x: 12, y: 34, class: "type" }, cut(one.resource_type, 28)),
    );
    box.addEventListener("click", () => onPick(one));
    box.addEventListener("keydown", (event) => event.key === "Enter" && onPick(one));
    return box;
  });
  const width = columns.length * (WIDTH + GAP.x) - GAP.x + 16;
  const height = rows * (HEIGHT + GAP.y) - GAP.y + 16;
  return svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, class: "graph", role: "img", "aria-label": "Dependencies" },
    lines,
    boxes,
  );
}
