// One stack: what is in it, what happens to it, and what can be done with it. Follows its events as they come.

import { api } from "./api.js";
import { fill, h, moment, note, problem, shown, state } from "./dom.js";
import { build } from "./form.js";
import { draw } from "./graph.js";
import { offer } from "./plan.js";
import { toYaml } from "./yaml.js";

const MOST_EVENTS = 500;
const TABS = {
  resources: "Resources",
  graph: "Graph",
  events: "Events",
  outputs: "Outputs",
  template: "Template",
  drift: "Drift",
  change: "Change",
};

const idOf = (link) => link?.href.split("/").pop();
const linkOf = (one, rel) => one.links.find((link) => link.rel === rel);

/** The page of a stack. `tab`: one of TABS. */
export function stack(page, go, signal, ref, tab) {
  const head = h("div");
  const body = h("div");
  const planned = h("div");
  const events = [];
  let present = null;
  let redraw = () => {};

  const tabs = h(
    "nav.tabs",
    Object.entries(TABS).map(([key, label]) =>
      h("a", { href: `${go.to({ stack_name: ref.name, id: ref.id })}/${key}`, "aria-current": key === tab && "page" }, label),
    ),
  );
  fill(page, head, tabs, planned, body);

  const attempt = async (work, said) => {
    try {
      await work();
      if (said) note(said);
      await refresh();
    } catch (error) {
      if (error.name !== "AbortError") fill(planned, problem(error));
    }
  };

  function buttons() {
    const moving = present.stack_status.endsWith("PROGRESS");
    const failed = present.stack_status.endsWith("FAILED");
    const action = (label, name, when, given) =>
      when && h("button", { type: "button", onclick: () => attempt(() => api.act(ref, name, given), `${label}: begun.`) }, label);
    const remove = async () =>
      attempt(async () => {
        const plan = await api.plan(ref, { action: "delete" });
        offer(planned, plan, `Delete ${present.stack_name}`, () => refresh());
      });
    return h(
      "p.buttons",
      action("Check", "check", !moving),
      action("Suspend", "suspend", !moving && !present.stack_status.startsWith("SUSPEND")),
      action("Resume", "resume", present.stack_status === "SUSPEND_COMPLETE"),
      action("Retry", "retry", failed),
      action("Pause", "pause", moving && !present.paused),
      action("Go on", "unpause", Boolean(present.paused)),
      action("Cancel, go back", "cancel_update", moving && present.stack_status.startsWith("UPDATE")),
      action("Protect", "protect", !present.protected),
      action("Unprotect", "unprotect", Boolean(present.protected)),
      h("button.danger", { type: "button", onclick: remove, disabled: Boolean(present.protected) }, "Delete…"),
    );
  }

  function drawHead() {
    const failed = present.stack_status.endsWith("FAILED");
    document.title = `${present.stack_name} · Hearth`;
    fill(
      head,
      h("div.head", h("h1", present.stack_name), state(present.stack_status), h("span.dim", present.id)),
      present.description && present.description !== "No description" && h("p", present.description),
      h(`p.${failed ? "bad" : "dim"}`, present.stack_status_reason),
      h("p.dim", "Made ", moment(present.creation_time), ", changed ", moment(present.updated_time), present.parent && ", nested"),
      buttons(),
    );
  }

  const gone = () => {
    note(`${ref.name} is gone.`);
    go.home();
  };

  async function refresh() {
    try {
      present = await api.show(ref, signal);
      if (present.stack_status === "DELETE_COMPLETE") return gone(); // still shown to who knows its id
      drawHead();
      await redraw();
    } catch (error) {
      if (error.name === "AbortError") return;
      if (error.status === 404) gone();
      else fill(planned, problem(error));
    }
  }

  let soon;
  const refreshSoon = () => {
    clearTimeout(soon);
    soon = setTimeout(refresh, 250);
  };

  async function follow() {
    let last;
    while (!signal.aborted) {
      try {
        for await (const { kind, data } of api.follow(ref, last, signal)) {
          if (kind === "end" && data.reason === "deleted") return refresh();
          if (kind !== "message") continue;
          last = data.id;
          events.push(data);
          events.splice(0, events.length - MOST_EVENTS);
          refreshSoon();
        }
      } catch (error) {
        if (error.name === "AbortError" || error.status === 401) return;
        if (error.status === 404) return refresh();
      }
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }

  const views = {
    async resources() {
      const found = await api.resources(ref, signal);
      const inside = group(found);
      const rows = [];
      const walk = (id, depth) => {
        for (const one of inside.get(id) ?? []) {
          rows.push(row(one, depth));
          const nested = idOf(linkOf(one, "nested"));
          if (nested) walk(nested, depth + 1);
        }
      };
      walk(ref.id, 0);
      fill(
        body,
        rows.length
          ? h("table.list", h("thead", h("tr", ["Name", "Type", "State", "Object", "Changed"].map((text) => h("th", text)))), h("tbody", rows))
          : h("p.dim", "There are no resources."),
      );
    },

    async graph() {
      const found = (await api.resources(ref, signal)).filter((one) => idOf(linkOf(one, "stack")) === ref.id);
      const detail = h("div");
      const pick = async (one) => fill(detail, await details(one));
      fill(body, draw(found, pick) ?? h("p.dim", `${found.length} resources cannot be drawn so that anything is seen.`), detail);
    },

    events() {
      fill(
        body,
        h(
          "table.list",
          h("thead", h("tr", ["When", "Resource", "State", "Reason"].map((text) => h("th", text)))),
          h(
            "tbody",
            [...events].reverse().map((one) =>
              h("tr", h("td.dim", one.event_time.slice(11, 19)), h("td", one.resource_name), h("td", state(one.resource_status)), h("td.reason", one.resource_status_reason)),
            ),
          ),
        ),
      );
    },

    outputs() {
      const rows = (present.outputs ?? []).map((one) =>
        h("tr", h("th", one.output_key, h("small", ` ${one.description ?? ""}`)), h("td", one.output_error ? h("span.bad", one.output_error) : h("pre", shown(one.output_value)))),
      );
      const given = Object.entries(present.parameters ?? {}).map(([name, value]) => h("tr", h("th", name), h("td", h("pre", shown(value)))));
      fill(
        body,
        h("section.card", h("h2", "Outputs"), rows.length ? h("table.values", rows) : h("p.dim", "The template has no outputs.")),
        h("section.card", h("h2", "Parameters"), h("table.values", given)),
      );
    },

    async template() {
      if (body.childElementCount) return;
      const [template, environment] = await Promise.all([api.template(ref, signal), api.environment(ref, signal)]);
      fill(
        body,
        h("section.card", h("h2", "Template"), h("pre.code", toYaml(template))),
        h("section.card", h("h2", "Environment"), h("pre.code", toYaml(environment))),
      );
    },

    async drift() {
      if (!body.childElementCount) await drawDrift(await api.drift(ref, signal));
    },

    async change() {
      if (body.childElementCount) return;
      const template = await api.template(ref, signal);
      const given = { template, parameters: present.parameters };
      const done = () => go.stack({ stack_name: ref.name, id: ref.id }, "events");
      fill(body, build({ stack: ref, given, done }));
    },
  };

  async function details(one) {
    const where = linkOf(one, "stack").href.split("/");
    const found = await api.resource({ name: decodeURIComponent(where.at(-2)), id: where.at(-1) }, one.resource_name, signal);
    const rows = Object.entries(found.attributes ?? {}).map(([name, value]) => h("tr", h("th", name), h("td", h("pre", shown(value)))));
    return h(
      "section.card",
      h("h2", one.resource_name, " ", state(one.resource_status)),
      h("p.dim", `${one.resource_type} · ${one.resource_status_reason}`),
      rows.length ? h("table.values", rows) : h("p.dim", "It shows no attributes."),
    );
  }

  function row(one, depth) {
    const open = async (event) => {
      event.preventDefault();
      const present = event.target.closest("tr");
      const below = present.nextElementSibling;
      if (below?.classList.contains("more")) below.remove();
      else present.after(h("tr.more", h("td", { colspan: 5 }, await details(one))));
    };
    const failed = one.resource_status.endsWith("FAILED");
    return h(
      "tr",
      h(`td.depth${Math.min(depth, 5)}`, h("a", { href: "#", onclick: open }, one.resource_name), failed && h("p.bad.reason", one.resource_status_reason)),
      h("td.dim", one.resource_type),
      h("td", state(one.resource_status)),
      h("td.dim.id", one.physical_resource_id),
      h("td", moment(one.updated_time)),
    );
  }

  async function drawDrift(found) {
    const decide = (label, what) =>
      h("button", { type: "button", onclick: () => attempt(async () => drawDrift(await api.look(ref, { [what]: true, refresh: false })), `${label}: noted.`) }, label);
    const look = h("button.main", { type: "button", onclick: () => attempt(async () => drawDrift(await api.look(ref)), "Looked.") }, "Look now");
    const rows = found.resources.flatMap((one) => [
      ...(["drifted", "same"].includes(one.condition) ? [] : [h("tr", h("th", one.resource_path), h("td", "the object"), h("td"), h(one.condition === "unknown" ? "td.dim" : "td.bad", one.condition), h("td", one.reason))]),
      ...one.properties.map((each) => h("tr", h("th", one.resource_path), h("td", each.property), h("td", h("pre", shown(each.expected))), h("td", h("pre.new", shown(each.actual))), h("td.dim", each.revert ? "the next update puts it back" : each.update))),
    ]);
    const counts = Object.entries(found.counts).filter(([, number]) => number).map(([word, number]) => `${number} ${word}`).join(", ");
    fill(
      body,
      h(
        "section.card",
        h("p.buttons", look, found.drifted && decide("Accept all", "accept_all"), found.drifted && decide("Revert all at the next update", "revert_all")),
        h("p", counts || "Nobody has looked yet."),
        rows.length ? h("table.list", h("thead", h("tr", ["Resource", "Property", "Expected", "Actual", ""].map((text) => h("th", text)))), h("tbody", rows)) : h("p.dim", "No difference is known."),
      ),
    );
  }

  redraw = views[tab] ?? views.resources;
  signal.addEventListener("abort", () => clearTimeout(soon));
  follow();
  return refresh();
}

function group(found) {
  const by = new Map();
  for (const one of found) {
    const id = idOf(linkOf(one, "stack"));
    by.set(id, [...(by.get(id) ?? []), one]);
  }
  return by;
}
