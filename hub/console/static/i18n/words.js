// Every word on the screen comes from here: t('board.ack') for our own, say({zh, en}) for what the hub sends in both languages.
import { ref } from '../parts/html.js';
import { zh } from './zh.js';
import { en } from './en.js';

const BOOKS = { zh, en };
const KEY = 'campuswatch.language';

export const language = ref(remembered());

function remembered() {
  try {
    return localStorage.getItem(KEY) === 'en' ? 'en' : 'zh';
  } catch {
    return 'zh';
  }
}

export function setLanguage(code) {
  language.value = code;
  document.documentElement.lang = code === 'zh' ? 'zh-CN' : 'en';
  try {
    localStorage.setItem(KEY, code);
  } catch {
    // storage is forbidden; the choice lasts until the page is closed
  }
}

/** The words for a key such as 'board.ack', with {name} fields filled in. */
export function t(key, values) {
  const words = key.split('.').reduce((book, part) => book?.[part], BOOKS[language.value]);
  if (typeof words !== 'string') return key;
  return values ? words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '') : words;
}

/** A text that the hub sent in both languages. */
export function say(text) {
  if (text === null || text === undefined) return '';
  if (typeof text === 'string') return text;
  return text[language.value] || text.zh || text.en || '';
}
