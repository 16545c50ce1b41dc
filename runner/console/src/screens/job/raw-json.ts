/** Takes JSON text apart without parsing its values, which would change large integers. */

/** The text of each field of an object. Empty for anything else. */
export function rawFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  if (!text.startsWith("{")) return fields;
  let at = skipSpace(text, 1);
  while (text[at] === '"') {
    const nameEnd = endOfString(text, at);
    const name = JSON.parse(text.slice(at, nameEnd)) as string;
    const start = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const end = endOfValue(text, start);
    fields.set(name, text.slice(start, end));
    at = afterComma(text, end);
  }
  return fields;
}

/** The text of each item of an array. Empty for anything else. */
export function rawItems(text: string): readonly string[] {
  const items: string[] = [];
  if (!text.startsWith("[")) return items;
  let at = skipSpace(text, 1);
  while (at < text.length && text[at] !== "]") {
    const end = endOfValue(text, at);
    items.push(text.slice(at, end));
    at = afterComma(text, end);
  }
  return items;
}

function afterComma(text: string, at: number): number {
  const next = skipSpace(text, at);
  return text[next] === "," ? skipSpace(text, next + 1) : next;
}

function skipSpace(text: string, at: number): number {
  let next = at;
  while (" \n\r\t".includes(text[next] ?? "x")) next += 1;
  return next;
}

function endOfString(text: string, start: number): number {
  let end = start;
  do {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
  } while (isEscaped(text, end));
  return end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - 1 - slashes] === "\\") slashes += 1;
  return slashes % 2 === 1;
}

function endOfValue(text: string, start: number): number {
  if (text[start] === '"') return endOfString(text, start);
  let depth = 0;
  const marks = /["[\]{},]/g;
  marks.lastIndex = start;
  for (let found = marks.exec(text); found !== null; found = marks.exec(text)) {
    const [mark] = found;
    if (mark === '"') marks.lastIndex = endOfString(text, found.index);
    else if (mark === "[" || mark === "{") depth += 1;
    else if (mark === ",") {
      if (depth === 0) return found.index;
    } else if (depth === 0) return found.index;
    else {
      depth -= 1;
      if (depth === 0) return found.index + 1;
    }
  }
  return text.length;
}
