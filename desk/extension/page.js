// What the extension's pages have in common: texts in the browser's language.

const LANGUAGE = chrome.i18n.getUILanguage().startsWith('ja') ? 'ja' : 'en';

/** @param {string} name @param {...string} values */
export function text(name, ...values) {
  return chrome.i18n.getMessage(name, values);
}

/** The text of a message of the host, which comes in both languages. @param {{message?: string, message_ja?: string}} of */
export function hostText({ message, message_ja }) {
  return (LANGUAGE === 'ja' && message_ja) || message || '';
}

/** @param {string} id @returns {any} */
export function element(id) {
  return document.getElementById(id);
}

document.documentElement.lang = LANGUAGE;
document.title = text(document.body.dataset.title ?? 'name');
for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-text]'))) {
  place.textContent = text(place.dataset.text ?? '');
}
