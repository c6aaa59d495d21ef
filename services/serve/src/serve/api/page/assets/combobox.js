// A text field with a list of suggestions, by the pattern of an editable combobox of WAI-ARIA.

import { element } from "./dom.js";

const MAX_SHOWN = 200;

/** Return an element with the input and its list; any text may be typed. */
export function combobox(input, texts, label) {
  const list = element("ul", { role: "listbox", id: `${input.id}-list`, "aria-label": label });
  const more = element("p", { className: "more" });
  const popup = element("div", { className: "popup", hidden: true }, list, more);
  const button = element("button", {
    type: "button",
    tabIndex: -1,
    "aria-label": label,
    textContent: "▾",
  });
  let shown = [];
  let active = -1;

  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": list.id,
  })) {
    input.setAttribute(name, value);
  }

  function open(wanted = "") {
    const part = wanted.trim().toLowerCase();
    const found = texts.filter((text) => text.toLowerCase().includes(part));
    shown = found.slice(0, MAX_SHOWN);
    list.replaceChildren(...shown.map(option));
    const hidden = found.length - MAX_SHOWN;
    more.textContent =
      hidden > 0 ? `${hidden.toLocaleString("en")} more: type a part of the text.` : "";
    popup.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(!popup.hidden));
    activate(shown.indexOf(input.value));
  }

  function close() {
    popup.hidden = true;
    input.setAttribute("aria-expanded", "false");
    activate(-1);
  }

  function option(text, place) {
    const id = `${list.id}-${place}`;
    const made = element("li", { role: "option", id, textContent: text, dir: "auto" });
    made.addEventListener("click", () => choose(text));
    return made;
  }

  function activate(place) {
    list.children[active]?.removeAttribute("aria-selected");
    active = place;
    const chosen = list.children[active];
    if (popup.hidden || chosen === undefined) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    chosen.setAttribute("aria-selected", "true");
    chosen.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", chosen.id);
  }

  function choose(text) {
    input.value = text;
    close();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    close(); // The event opened it for the new text.
  }

  function move(step) {
    if (popup.hidden) {
      open();
      return;
    }
    const count = list.children.length;
    activate(active === -1 && step < 0 ? count - 1 : (active + step + count) % count);
  }

  const actions = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => (active === -1 ? close() : choose(shown[active])),
    Escape: close,
  };
  input.addEventListener("keydown", (event) => {
    const isForList = event.key.startsWith("Arrow") || !popup.hidden;
    if (!Object.hasOwn(actions, event.key) || !isForList) return;
    event.preventDefault();
    actions[event.key]();
  });
  input.addEventListener("input", () => open(input.value));
  input.addEventListener("blur", close);
  // The list stays until the click has chosen, and the focus stays in the input.
  popup.addEventListener("mousedown", (event) => event.preventDefault());
  button.addEventListener("mousedown", (event) => {
    event.preventDefault();
    input.focus();
    if (popup.hidden) open();
    else close();
  });
  return element("div", { className: "combobox" }, input, button, popup);
}
