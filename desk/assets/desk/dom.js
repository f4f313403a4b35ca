/**
 * Builds elements from values and keeps those on the page that are still right.
 *
 * Must never make elements from text of others: text becomes text nodes only.
 */

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, unknown>} Properties */
/** @typedef {(event: any) => void} Handler */

/** Handlers of each element by type, so that a new description replaces them. @type {WeakMap<Element, Map<string, Handler>>} */
const handlers = new WeakMap();

/** @param {Event} event */
function dispatch(event) {
  const element = /** @type {Element} */ (event.currentTarget);
  handlers.get(element)?.get(event.type)?.(event);
}

/** @param {Element} element @param {string} type @param {Handler} handler */
function listen(element, type, handler) {
  let own = handlers.get(element);
  if (!own) handlers.set(element, (own = new Map()));
  if (!own.has(type)) element.addEventListener(type, dispatch);
  own.set(type, handler);
}

/**
 * An element. `onclick` and the like are handlers; `true` is an attribute without value; `false`, `null` and `undefined` are
 * no attribute. `key` names an element among its siblings, and `once` says that its children are not described here.
 * @param {string} tag @param {Properties} properties @param {...(Child | Child[])} children @returns {HTMLElement}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith('on')) listen(element, name.slice(2), /** @type {Handler} */ (value));
    else if (name === 'key') element.dataset.key = String(value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(typeof child === 'number' ? String(child) : child);
  }
  return element;
}

/** Whether the user changes this attribute: a new description leaves it. @param {Element} element @param {string} name */
function isUsers(element, name) {
  return name === 'open' || (name === 'value' && element.nodeName === 'INPUT');
}

/** @param {Element} element @param {Element} wanted */
function takeAttributes(element, wanted) {
  for (const { name, value } of wanted.attributes) {
    if (element.getAttribute(name) !== value && !isUsers(element, name)) element.setAttribute(name, value);
  }
  for (const { name } of [...element.attributes]) {
    if (!wanted.hasAttribute(name) && !isUsers(element, name)) element.removeAttribute(name);
  }
  const old = handlers.get(element);
  const fresh = handlers.get(wanted);
  for (const type of old?.keys() ?? []) if (!fresh?.has(type)) old?.set(type, () => {});
  for (const [type, handler] of fresh ?? []) listen(element, type, handler);
}

/** @param {Node} node */
const keyOf = (node) => (node instanceof HTMLElement ? node.dataset.key : undefined);

/** @param {Node} node @param {Node} wanted */
function fits(node, wanted) {
  return node.nodeName === wanted.nodeName && keyOf(node) === keyOf(wanted);
}

/** Makes an element be as the other, and keeps what is on the page: focus, what was typed, what was opened.
 * @param {Element} element @param {Element} wanted */
function become(element, wanted) {
  takeAttributes(element, wanted);
  if (!wanted.hasAttribute('data-once')) fill(element, [...wanted.childNodes]);
}

/** Makes these the children of the element. @param {Element} parent @param {Child[]} children */
export function fill(parent, children) {
  const wanted = children.filter((child) => child !== null && child !== undefined && child !== false);
  /** @type {Map<string, Node>} */
  const keyed = new Map();
  for (const node of parent.childNodes) {
    const key = keyOf(node);
    if (key !== undefined) keyed.set(key, node);
  }
  let at = parent.firstChild;
  for (const child of wanted) {
    const node = child instanceof Node ? child : document.createTextNode(String(child));
    const key = keyOf(node);
    const found = key === undefined ? at : keyed.get(key);
    if (found && found.parentNode === parent && fits(found, node)) {
      if (found === at) at = at.nextSibling;
      else parent.insertBefore(found, at);
      if (found instanceof Element) become(found, /** @type {Element} */ (node));
      else if (found.nodeValue !== node.nodeValue) found.nodeValue = node.nodeValue;
    } else {
      parent.insertBefore(node, at);
      if (key === undefined && at && !(at instanceof HTMLElement && at.dataset.key !== undefined)) {
        const gone = at;
        at = at.nextSibling;
        gone.parentNode?.removeChild(gone);
      }
    }
  }
  while (at) {
    const next = at.nextSibling;
    parent.removeChild(at);
    at = next;
  }
}

/** The element with this id, which index.html has. @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no element ${id}`);
  return element;
}
