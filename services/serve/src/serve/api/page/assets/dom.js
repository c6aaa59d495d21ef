// Elements of HTML and SVG. Texts of tables become text nodes, so they can't become markup.

const SVG = "http://www.w3.org/2000/svg";
export const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
const SHOWN = new Set(["textContent", "aria-label"]);

/** Return a text with escapes for characters that are invisible or change the direction of text. */
export function readable(text) {
  return text.replaceAll(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0).toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
  });
}

/** Return an element with properties, attributes such as `aria-label`, and children. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    const shown = SHOWN.has(key) ? readable(value) : value;
    if (key in made) made[key] = shown;
    else made.setAttribute(key, shown);
  }
  made.append(...children.map(readableChild));
  return made;
}

/** Return an element of SVG with attributes and children. */
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.map(readableChild));
  return made;
}

function readableChild(child) {
  return typeof child === "string" ? readable(child) : child;
}

/** Copy a text; where the browser does not allow that, select the element that shows it. */
export async function copy(text, shownIn) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied.";
  } catch {
    // Without TLS there is no clipboard.
    getSelection().selectAllChildren(shownIn);
    return "Selected: press Ctrl+C to copy.";
  }
}
