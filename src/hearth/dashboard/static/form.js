// What a stack is made or changed from: template, files, environment, parameters. Ends in a plan.

import { api } from "./api.js";
import { fill, h, problem } from "./dom.js";
import { offer } from "./plan.js";
import { toYaml } from "./yaml.js";

const EXAMPLE = `heat_template_version: 2018-08-31
description: A word that nobody guesses.
parameters:
  length: {type: number, default: 12, constraints: [{range: {min: 4, max: 64}}]}
resources:
  word:
    type: OS::Heat::RandomString
    properties: {length: {get_param: length}}
outputs:
  word: {value: {get_attr: [word, value]}}
`;

function field(name, wanted, given) {
  const value = given ?? (wanted.Default === undefined ? "" : wanted.Default);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const shared = { name, required: wanted.Default === undefined && given === undefined };
  let input;
  if (wanted.AllowedValues?.length || wanted.Type === "Boolean") {
    const choices = wanted.AllowedValues ?? ["true", "false"];
    input = h(
      "select",
      shared,
      !shared.required && given === undefined ? null : h("option", { value: "" }, "…"),
      choices.map((one) => h("option", { value: one, selected: String(one).toLowerCase() === text.toLowerCase() }, String(one))),
    );
  } else if (wanted.Type === "Json" || text.includes("\n")) {
    input = h("textarea", { ...shared, rows: 3 }, text);
  } else {
    const hidden = String(wanted.NoEcho) === "true";
    const secret = { type: "password", value: "", placeholder: given === undefined ? null : "as it is", autocomplete: "new-password" };
    input = h("input", { ...shared, ...(hidden ? secret : { type: "text", value: text, autocomplete: "off" }) });
  }
  const limits = [
    wanted.MinValue !== undefined && `from ${wanted.MinValue}`,
    wanted.MaxValue !== undefined && `to ${wanted.MaxValue}`,
    wanted.MinLength !== undefined && `at least ${wanted.MinLength} characters`,
    wanted.MaxLength !== undefined && `at most ${wanted.MaxLength} characters`,
    wanted.CustomConstraint && `name or id: ${wanted.CustomConstraint}`,
  ].filter(Boolean);
  const help = [wanted.Description, wanted.ConstraintDescription, limits.join(", ")].filter(Boolean).join(" · ");
  return h("label.field", h("span", wanted.Label || name), input, help && h("small", help));
}

/** The form. `stack`: the one to change, with what it has (`given`); without, a new one is made. */
export function build({ stack, given, done }) {
  const template = h("textarea.code", { rows: 18, spellcheck: "false", name: "template" }, given ? toYaml(given.template) + "\n" : EXAMPLE);
  const environment = h("textarea.code", { rows: 4, spellcheck: "false", name: "environment", placeholder: "parameters: {}" });
  const parameters = h("div.fields");
  const found = h("div");
  const planned = h("div");
  const files = {};
  const fileList = h("small");
  let touched = new Set();
  let checking = null;

  const body = () => {
    const values = {};
    for (const input of parameters.querySelectorAll("[name]")) {
      if (touched.has(input.name) || input.required) values[input.name] = input.value;
    }
    return {
      template: template.value,
      ...(environment.value.trim() && { environment: environment.value }),
      ...(Object.keys(files).length && { files }),
      parameters: values,
    };
  };

  async function check() {
    checking?.abort();
    checking = new AbortController();
    const { parameters: _, ...wanted } = body();
    try {
      const answer = await api.validate(wanted, checking.signal);
      const before = Object.fromEntries([...parameters.querySelectorAll("[name]")].map((one) => [one.name, one.value]));
      const known = given?.parameters ?? {};
      fill(
        parameters,
        Object.entries(answer.Parameters ?? {}).map(([name, one]) =>
          field(name, one, touched.has(name) ? before[name] : known[name]),
        ),
      );
      fill(found, h("p.good", "The template is in order."));
    } catch (error) {
      if (error.name !== "AbortError") fill(found, problem(error));
    }
  }

  let later;
  const checkSoon = () => {
    clearTimeout(later);
    later = setTimeout(check, 400);
  };
  for (const one of [template, environment]) one.addEventListener("input", checkSoon);
  parameters.addEventListener("input", (event) => touched.add(event.target.name));

  const load = h("input", {
    type: "file",
    multiple: true,
    onchange: async (event) => {
      const [main, ...others] = [...event.target.files];
      if (!main) return;
      template.value = await main.text();
      for (const one of others) files[one.name] = await one.text();
      fill(fileList, others.length ? `With it: ${others.map((one) => one.name).join(", ")}` : "");
      check();
    },
  });

  const name = h("input", { name: "stack_name", required: true, pattern: "[A-Za-z][A-Za-z0-9_.\\-]*", maxlength: 255, autocomplete: "off" });
  const rollback = h("input", { type: "checkbox" });
  const timeout = h("input", { type: "number", min: 1, max: 1440, placeholder: "60" });
  const button = h("button.main", { type: "submit" }, "Plan");
  const form = h(
    "form",
    {
      onsubmit: async (event) => {
        event.preventDefault();
        button.disabled = true;
        try {
          const wanted = {
            ...body(),
            disable_rollback: !rollback.checked,
            ...(timeout.value && { timeout_mins: Number(timeout.value) }),
            ...(stack ? { existing: true } : { stack_name: name.value }),
          };
          offer(planned, await api.plan(stack, wanted), stack ? "Update the stack" : "Create the stack", done);
          fill(found);
        } catch (error) {
          fill(found, problem(error));
          found.scrollIntoView({ behavior: "smooth", block: "center" });
        } finally {
          button.disabled = false;
        }
      },
    },
    stack ? null : h("label.field", h("span", "Name"), name, h("small", "Begins with a letter; letters, digits, . _ -")),
    h("label.field", h("span", "Template"), template),
    h("label.field", h("span", "From files"), load, h("small", "The template first; files that it uses with it."), fileList),
    h("label.field", h("span", "Environment"), environment),
    h("h3", "Parameters"),
    parameters,
    h("label.check", rollback, " Go back by itself when it fails"),
    h("label.field", h("span", "Timeout, minutes"), timeout),
    found,
    h("p.buttons", button, h("small", " Nothing happens before you have seen the plan.")),
  );
  check();
  return h("div", h("section.card", form), planned);
}
