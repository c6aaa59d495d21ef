// Starts Swagger UI on /docs, with the API key where one is wanted.

import { askForKey, isKeyWanted } from "./key.js";

const UNAUTHORIZED = 401;

const root = document.getElementById("swagger-ui");
let key = null;

/** Return the description of the API, or null if the user enters no key; a wrong one is asked for again. */
async function readDescription() {
  if (key === null && isKeyWanted()) {
    key = await askForKey({ isWrong: false });
    if (key === null) return null;
  }
  for (;;) {
    const headers = key === null ? {} : { "X-API-Key": key };
    const response = await fetch("openapi.json", { headers });
    if (response.ok) return response.json();
    if (response.status !== UNAUTHORIZED) throw new Error(`openapi.json: status ${response.status}`);
    const entered = await askForKey({ isWrong: key !== null });
    if (entered === null) return null;
    key = entered;
  }
}

/** Send the key to this server only, whatever servers the description names. */
function addKey(request) {
  if (key !== null && new URL(request.url, location.href).origin === location.origin) {
    request.headers["X-API-Key"] ??= key;
  }
  return request;
}

async function start() {
  try {
    const spec = await readDescription();
    if (spec === null) say("An API key is needed.", "Enter API key");
    else show(spec);
  } catch (error) {
    say(`The API can't be described: ${error.message}.`, "Retry");
  }
}

function show(spec) {
  document.title = spec.info.title;
  const folder = new URL(".", location.href).pathname;
  // A proxy may put a prefix in front, which the server does not know.
  if (folder !== "/") spec.servers ??= [{ url: folder }];
  const { SwaggerUIBundle } = globalThis;
  SwaggerUIBundle({
    spec,
    domNode: root,
    deepLinking: true,
    layout: "BaseLayout",
    presets: [SwaggerUIBundle.presets.apis],
    requestInterceptor: addKey,
    showCommonExtensions: true,
    showExtensions: true,
    showMutatedRequest: false, // The command to copy must not hold the key.
    tryItOutEnabled: true,
  });
}

function say(text, action) {
  const line = Object.assign(document.createElement("p"), { textContent: `${text} ` });
  const button = Object.assign(document.createElement("button"), { textContent: action });
  button.addEventListener("click", start);
  line.append(button);
  root.replaceChildren(line);
}

start();
