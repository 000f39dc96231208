/** The one element that `selector` names. @throws Error when it is missing or of another type, which is a fault of the page itself. */
export function find<Found extends Element>(root: ParentNode, selector: string, type: new () => Found): Found {
  const found = root.querySelector(selector);
  if (found instanceof type) return found;
  throw new Error(`The page has no ${type.name} at ${selector}.`);
}

/** Sets the text only when it is another, so that screen readers announce changes and nothing else. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows another of the document's symbols in a button. */
export function setIcon(button: Element, name: string): void {
  find(button, 'use', SVGUseElement).setAttribute('href', `#icon-${name}`);
}
