// Requests of the page to the API beside it. The API key stays in memory.

import { askForKey, isKeyWanted } from "./key.js";

const PAGE = { "X-Stagecoach-Page": "1" }; // such requests do not count as traffic
const NO_CONNECTION = 0;
const UNAUTHORIZED = 401;

/** A response that is an error, with its problem document. Status 0 means that none arrived. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail);
    this.name = "ApiError";
    this.status = status;
    this.problem = problem;
  }
}

/** The API: relative paths, since a proxy may put a prefix in front. */
export class Api {
  #key = null;
  #isRefused = false; // The user closed the dialog: it opens again only on demand.
  #dialog = null;
  #model = null;
  #observers = [];

  /** Call back with the id of the live model after a response named another one. */
  onModelChange(callback) {
    this.#observers.push(callback);
  }

  /** Whether requests are sent with a key. A link to a route of the API has none. */
  get hasKey() {
    return this.#key !== null;
  }

  /** Return the parsed JSON of a GET. */
  async get(path, { signal } = {}) {
    const response = await this.request(path, { signal });
    await check(response);
    return response.json();
  }

  /** POST a body to predict and return the response, whatever its status. */
  predict(body, { type = "application/json", accept = "application/json", signal } = {}) {
    const headers = { "Content-Type": type, Accept: accept };
    return this.request("predict", { method: "POST", headers, body, signal });
  }

  /** Send any request; on 401 ask for the key, and send it again. */
  async request(path, options = {}) {
    if (this.#key === null && isKeyWanted()) await this.#askForKey();
    for (;;) {
      const key = this.#key;
      const response = await this.#send(path, options);
      if (response.status !== UNAUTHORIZED) return response;
      if (key === this.#key && !(await this.#askForKey())) return response;
    }
  }

  /** Ask for the key although the user has closed the dialog before; return whether one came. */
  enterKey() {
    this.#isRefused = false;
    return this.#askForKey();
  }

  async #askForKey() {
    if (this.#isRefused) return false;
    this.#dialog ??= askForKey({ isWrong: this.#key !== null });
    const key = await this.#dialog;
    this.#dialog = null;
    this.#isRefused = key === null;
    this.#key = key ?? this.#key;
    return key !== null;
  }

  async #send(path, { headers, ...options }) {
    const key = this.#key === null ? {} : { "X-API-Key": this.#key };
    const sent = { ...options, headers: { ...headers, ...PAGE, ...key }, redirect: "error" };
    let response;
    try {
      response = await fetch(path, sent);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError(NO_CONNECTION, { detail: "The server does not answer." });
    }
    this.#observe(response.headers.get("X-Model-Id"));
    return response;
  }

  #observe(model) {
    if (model === null || model === this.#model) return;
    const isFirst = this.#model === null;
    this.#model = model;
    if (!isFirst) for (const callback of this.#observers) callback(model);
  }
}

/** Throw the problem of a response that is an error. */
export async function check(response) {
  if (response.ok) return;
  let problem;
  try {
    problem = await response.json();
  } catch {
    problem = {}; // A proxy answers with its own page.
  }
  throw new ApiError(response.status, {
    ...problem,
    detail: problem?.detail ?? `The server answers with status ${response.status}.`,
  });
}
