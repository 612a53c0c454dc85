// The orchestration API as calls, with the token of whoever signed in. Knows nothing of pages.

const BASE = new URL(document.querySelector('meta[name="hearth-api"]').content, document.baseURI).href.replace(/\/$/, "");
const KEPT = "hearth.session";

/** What the API refused, as it said it. */
export class Problem extends Error {
  constructor(status, body) {
    const told = body?.error ?? {};
    super(told.message ?? body?.explanation ?? `The service answered ${status || "nothing"}.`);
    this.status = status;
    this.kind = told.type ?? "";
    this.diagnostics = told.diagnostics ?? [];
    this.moved = told.moved ?? [];
  }
}

/** Who is signed in: token, user, project; null when nobody is. Kept as long as the tab is. */
export const session = {
  now: JSON.parse(sessionStorage.getItem(KEPT) ?? "null"),
  ended: () => {},

  /** Sign in. Gives back the projects to choose from when there are several. */
  async enter(given) {
    const answer = await fetch("session", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(given),
    });
    const body = await read(answer);
    if (!answer.ok) throw new Problem(answer.status, body);
    if (body.projects) return body;
    this.now = body;
    sessionStorage.setItem(KEPT, JSON.stringify(body));
    return null;
  },

  /** Sign out: Keystone forgets the token, and so does this tab. */
  leave() {
    if (this.now) fetch("session", { method: "DELETE", headers: { "X-Auth-Token": this.now.token } }).catch(() => {});
    this.forget();
  },

  forget() {
    this.now = null;
    sessionStorage.removeItem(KEPT);
  },
};

async function read(answer) {
  const text = await answer.text();
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

function address(path, query) {
  const url = new URL(`${BASE}/v1/${session.now.project.id}${path}`);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== "") url.searchParams.append(name, value);
  }
  return url;
}

async function send(method, path, { body, query, signal, headers } = {}) {
  let answer;
  try {
    answer = await fetch(address(path, query), {
      method,
      signal,
      headers: {
        "X-Auth-Token": session.now.token,
        Accept: "application/json",
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { error: { message: "The service cannot be reached." } });
  }
  if (answer.status === 401) {
    session.forget();
    session.ended();
  }
  return answer;
}

async function call(method, path, options) {
  const answer = await send(method, path, options);
  const body = await read(answer);
  if (!answer.ok) throw new Problem(answer.status, body);
  return body;
}

const part = encodeURIComponent;
const at = (stack) => `/stacks/${part(stack.name)}/${part(stack.id)}`;

export const api = {
  stacks: (query, signal) => call("GET", "/stacks", { query, signal }),
  show: async (stack, signal) => (await call("GET", at(stack), { signal })).stack,
  resources: async (stack, signal) =>
    (await call("GET", `${at(stack)}/resources`, { query: { nested_depth: 5 }, signal })).resources,
  resource: async (stack, name, signal) =>
    (await call("GET", `${at(stack)}/resources/${part(name)}`, { signal })).resource,
  template: (stack, signal) => call("GET", `${at(stack)}/template`, { signal }),
  environment: (stack, signal) => call("GET", `${at(stack)}/environment`, { signal }),
  drift: async (stack, signal) => (await call("GET", `${at(stack)}/drift`, { signal })).drift,
  look: async (stack, decisions = {}) => (await call("POST", `${at(stack)}/drift`, { body: decisions })).drift,
  validate: (body, signal) => call("POST", "/validate", { body, signal }),
  act: (stack, action, given = null) => call("POST", `${at(stack)}/actions`, { body: { [action]: given } }),
  remove: (stack) => call("DELETE", at(stack)),

  /** A plan that is kept, to be applied as it is: of a new stack, of an update, or of a deletion. */
  plan: async (stack, body) =>
    (await call("POST", `${stack ? at(stack) : ""}/plans`, { body, query: { keep: "true" } })).plan,
  apply: async (plan) =>
    (await call("POST", `/plans/${part(plan.id)}/apply`, { body: { digest: plan.digest } })).stack,
  forget: (plan) => call("DELETE", `/plans/${part(plan.id)}`),

  /** Events as they happen, from an event on, until `signal`; the last thing that comes says why it ended. */
  async *follow(stack, after, signal) {
    const answer = await send("GET", `${at(stack)}/events/stream`, {
      query: { nested_depth: 5 },
      signal,
      headers: { Accept: "text/event-stream", ...(after && { "Last-Event-ID": after }) },
    });
    if (answer.status === 204) return;
    if (!answer.ok) throw new Problem(answer.status, await read(answer));
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const messages = (rest + value).split("\n\n");
      rest = messages.pop();
      for (const message of messages) {
        const fields = {};
        for (const line of message.split("\n")) {
          const colon = line.indexOf(":");
          if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
        }
        if (fields.data) yield { kind: fields.event ?? "message", data: JSON.parse(fields.data) };
      }
    }
  },
};
