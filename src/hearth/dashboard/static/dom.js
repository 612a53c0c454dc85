// Makes elements. Text is always set as text, so nothing that a stack is called can become markup.

/** An element: `h("a.link", {href}, "text", [more])`. Functions whose key begins with "on" are listeners. */
export function h(spec, ...rest) {
  const [tag, ...classes] = spec.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  const [first] = rest;
  if (first && Object.getPrototypeOf(first) === Object.prototype) {
    rest.shift();
    for (const [name, value] of Object.entries(first)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
    }
  }
  element.append(...children(rest));
  return element;
}

/** Put something else in an element, keeping the place that was scrolled to. */
export function fill(element, ...content) {
  element.replaceChildren(...children(content));
  return element;
}

function children(content) {
  return content.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false);
}

/** An SVG element. */
export function svg(tag, attributes, ...content) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
  element.append(...children(content));
  return element;
}

/** A line at the edge of the page, which goes by itself. */
export function note(text, kind = "") {
  const line = h(`p.note${kind && "." + kind}`, text);
  document.getElementById("notes").append(line);
  setTimeout(() => line.remove(), kind === "bad" ? 12000 : 5000);
}

/** What went wrong, with its places and advice. */
export function problem(error) {
  const told = error.diagnostics?.length
    ? error.diagnostics.map((one) => {
        const place = [one.source, one.line && `line ${one.line}`, one.path].filter(Boolean).join(", ");
        return h("li", h("strong", one.message), one.advice && ` ${one.advice}`, place && h("small", ` ${place}`));
      })
    : [h("li", h("strong", error.message))];
  return h("div.problem", { role: "alert" }, h("ul", told), error.moved?.map((one) => h("p", one)));
}

/** A state as a coloured word. */
export function state(status) {
  const kind = !status ? "" : status.endsWith("FAILED") ? "bad" : status.endsWith("PROGRESS") ? "moving" : "good";
  return h(`span.state${kind && "." + kind}`, status ?? "");
}

/** A moment as people say it; the exact one shows when pointed at. */
export function moment(text) {
  if (!text) return h("span.dim", "—");
  const seconds = Math.max(0, (Date.now() - Date.parse(text)) / 1000);
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const [size, unit] = units.find(([size]) => seconds >= size) ?? [1, "s"];
  return h("time", { datetime: text, title: text }, `${Math.floor(seconds / size)} ${unit} ago`);
}

/** Any value as text: a text as it is, everything else as JSON. */
export function shown(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
