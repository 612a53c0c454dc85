// The frame: who is signed in, and which page the address names.

import { session } from "./api.js";
import { fill, h, problem } from "./dom.js";
import { build } from "./form.js";
import { list } from "./list.js";
import { stack } from "./stack.js";

const bar = document.getElementById("bar");
const page = document.getElementById("page");
const part = encodeURIComponent;
let leaving = new AbortController();

const go = {
  to: (one) => `#/stacks/${part(one.stack_name)}/${part(one.id)}`,
  home: () => (location.hash = "#/"),
  stack: (one, tab) => (location.hash = `${go.to(one)}${tab ? `/${tab}` : ""}`),
};

function drawBar() {
  const who = session.now;
  fill(
    bar,
    h("a.home", { href: "#/" }, h("img", { src: "mark.svg", alt: "", width: 26, height: 26 }), "Hearth"),
    who && [
      h("span.who", who.project.name, h("span.dim", ` · ${who.user}`)),
      h("button", { type: "button", onclick: change }, "Other project"),
      h("button", { type: "button", onclick: () => (session.leave(), show()) }, "Sign out"),
    ],
  );
}

/** Let the user choose one of several projects. */
function choose(token, projects) {
  const failed = h("div");
  const pick = async (one) => {
    try {
      await session.enter({ token, project_id: one.id });
      go.home();
      show();
    } catch (error) {
      fill(failed, problem(error));
    }
  };
  fill(
    page,
    h("section.card.door", h("h1", "Which project?"), projects.map((one) => h("button.wide", { type: "button", onclick: () => pick(one) }, one.name)), failed),
  );
}

async function change() {
  leaving.abort();
  const { token } = session.now;
  try {
    const several = await session.enter({ token });
    if (several) choose(several.token, several.projects);
    else show();
  } catch (error) {
    fill(page, problem(error));
  }
}

function signIn(why) {
  const user = h("input", { name: "user", required: true, autocomplete: "username" });
  const password = h("input", { name: "password", type: "password", required: true, autocomplete: "current-password" });
  const domain = h("input", { name: "user_domain", value: "Default", required: true });
  const failed = h("div", why && h("p.dim", why));
  const button = h("button.main.wide", { type: "submit" }, "Sign in");
  const enter = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const given = { user: user.value, password: password.value, user_domain: domain.value };
      const several = await session.enter(given);
      if (several) choose(several.token, several.projects);
      else show();
    } catch (error) {
      fill(failed, problem(error));
    } finally {
      button.disabled = false;
    }
  };
  fill(
    page,
    h(
      "section.card.door",
      h("h1", "Sign in"),
      h(
        "form",
        { onsubmit: enter },
        h("label.field", h("span", "User name"), user),
        h("label.field", h("span", "Password"), password),
        h("label.field", h("span", "Domain"), domain),
        failed,
        button,
      ),
    ),
  );
  user.focus();
}

function show() {
  leaving.abort();
  leaving = new AbortController();
  document.title = "Hearth";
  drawBar();
  if (!session.now) return signIn();
  const [first, ...rest] = location.hash.replace(/^#\//, "").split("/").map(decodeURIComponent);
  fill(page);
  if (first === "new") {
    fill(page, h("div.head", h("h1", "New stack")), build({ done: (one) => go.stack(one, "events") }));
  } else if (first === "stacks" && rest.length >= 2) {
    stack(page, go, leaving.signal, { name: rest[0], id: rest[1] }, rest[2] ?? "resources");
  } else list(page, go, leaving.signal);
}

session.ended = () => {
  leaving.abort();
  drawBar();
  signIn("Your session has ended. Sign in again.");
};
window.addEventListener("hashchange", show);
show();
