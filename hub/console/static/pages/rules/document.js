// A rule as a plain document: reading and changing one place of it, comparing two, and what its version has to be.

/** What stands at a path; undefined where nothing does. */
export const at = (document, path) => path.reduce((part, key) => part?.[key], document);

/** A copy with another value at the path; undefined takes the key away. */
export function put(document, path, value) {
  if (!path.length) return value;
  const [key, ...rest] = path;
  const copy = Array.isArray(document) ? [...document] : { ...document };
  const next = put(copy[key], rest, value);
  if (next === undefined && !Array.isArray(copy)) delete copy[key];
  else copy[key] = next;
  return copy;
}

/** The same text for the same content, whatever the order of keys. */
export function stable(value) {
  if (Array.isArray(value)) return `[${value.map(stable).join()}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${stable(value[key])}`).join()}}`;
}

export const same = (one, other) => stable(one) === stable(other);

/** What is judged: all but the words, and the version that counts it. */
function meaning(document) {
  const { title, message, advice, version, ...rest } = document;
  return rest;
}

export const judgesSame = (one, other) => same(meaning(one), meaning(other));

/** A copy of another version, which a document does not name where it is the first. */
function withVersion({ version, ...rest }, next) {
  return next > 1 ? { ...rest, version: next } : rest;
}

/** The document with the version that publishing wants: counted up where something else is judged, else as it was. */
export function versioned(document, live, versions) {
  if (!live || document.id !== live.id) return document;
  if (judgesSame(document, live.document)) return withVersion(document, live.version);
  return withVersion(document, Math.max(live.version, ...versions.map((row) => row.version)) + 1);
}

/** [{path, before, after}]: every place at which two documents differ; a place that one does not have is undefined there. */
export function differences(before, after, path = []) {
  if (same(before ?? null, after ?? null)) return [];
  const isPart = (value) => value !== null && typeof value === 'object';
  if (!isPart(before) || !isPart(after) || Array.isArray(before) !== Array.isArray(after)) return [{ path: path.join('.'), before, after }];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => differences(before[key], after[key], [...path, key]));
}

/** path -> line (from 0) in JSON.stringify(document, null, 2), and of anything that is JSON. */
export function linesOf(text) {
  const found = new Map([['', 0]]);
  let line = 0;
  let i = 0;
  const blank = () => {
    while (/\s/.test(text[i] ?? '')) {
      if (text[i] === '\n') line += 1;
      i += 1;
    }
  };
  const word = () => {
    const [all] = /^"(?:[^"\\]|\\.)*"|^[^\s,\]}]+/.exec(text.slice(i)) ?? [''];
    i += all.length || 1;
    return all;
  };
  const value = (path) => {
    blank();
    const close = { '{': '}', '[': ']' }[text[i]];
    if (!close) {
      word();
      return;
    }
    const isList = close === ']';
    i += 1;
    for (let number = 0; ; number += 1) {
      blank();
      if (text[i] === ',') i += 1;
      blank();
      if (i >= text.length || text[i] === close) break;
      let key = number;
      const here = line;
      if (!isList) {
        key = JSON.parse(word());
        blank();
        i += 1; // the colon
      }
      const place = [...path, key];
      found.set(place.join('.'), here);
      value(place);
    }
    i += 1;
  };
  value([]);
  return found;
}

/** The line of a path, or of the nearest part above it. */
export function lineAt(lines, path) {
  const keys = path.split('.');
  while (keys.length && !lines.has(keys.join('.'))) keys.pop();
  return lines.get(keys.join('.')) ?? 0;
}
