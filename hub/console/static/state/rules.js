// The rules that are live, and how far each gateway is with them: the answer to the first question, kept up by the stream.
import { shallowRef } from '../parts/html.js';
import { get } from '../api.js';

export const rulebook = shallowRef({ known: false, set: null, waiting: null, rules: [], agents: [] });
let number = 0;

export async function loadRules() {
  number += 1;
  const mine = number;
  const { set, waiting, rules, agents } = await get('rules');
  if (mine === number) rulebook.value = { known: true, set, waiting, rules, agents };
}

const PAUSE_MS = 200; // many gateways take a set up at about one time
let timer = null;

/** What the stream says: how far the gateways are, at once; rules and running versions are asked for. */
export function takeRules({ set, waiting, agents }) {
  const before = rulebook.value;
  if (!before.known) return;
  if (set === before.set && waiting === before.waiting) rulebook.value = { ...before, agents };
  clearTimeout(timer);
  timer = setTimeout(() => loadRules().catch(() => null), PAUSE_MS); // a page that shows rules asks again by itself
}

export const ruleOf = (id) => rulebook.value.rules.find((row) => row.id === id) ?? null;
