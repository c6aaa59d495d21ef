// The dialog that asks for an API key. The key is returned, and stored nowhere.

const TEXT = "This API needs a key. The page keeps it only in memory, until you close the page.";
const WRONG = "This key is not accepted. Enter another one.";

/** Return whether the server has said in the page that it wants a key. */
export function isKeyWanted() {
  return "key" in document.body.dataset;
}

/** Show the dialog and return the key, or null if the user closes it. */
export function askForKey({ isWrong }) {
  const dialog = element("dialog", { className: "key", ariaLabel: "API key" });
  const form = element("form", { method: "dialog", noValidate: true });
  const input = element("input", {
    type: "password",
    id: "api-key",
    autocomplete: "off",
    spellcheck: false,
    ariaInvalid: String(isWrong),
  });
  const label = element("label", { htmlFor: input.id, textContent: "API key" });
  const text = element("p", { id: "api-key-says", textContent: isWrong ? WRONG : TEXT });
  input.setAttribute("aria-describedby", text.id);
  const buttons = element("p", { className: "buttons" });
  const cancel = element("button", { type: "button", textContent: "Cancel" });
  const enter = element("button", { type: "submit", textContent: "Enter", className: "main" });
  buttons.append(cancel, enter);
  form.append(text, label, input, buttons);
  dialog.append(form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let key = null;
    const close = () => dialog.close();
    cancel.addEventListener("click", close);
    form.addEventListener("submit", (event) => {
      event.preventDefault(); // The policy allows no form to send anything.
      key = input.value.trim() || null;
      close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(key);
    });
    dialog.showModal();
  });
}

function element(name, properties) {
  return Object.assign(document.createElement(name), properties);
}
