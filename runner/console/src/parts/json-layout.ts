/** A piece of JSON text, for a colour. */
export interface Token {
  readonly kind: "plain" | "key" | "string" | "number" | "word";
  readonly text: string;
}

const TOKENS = /"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s[\]{}:,"]+/g;
const CLOSES = { "{": "}", "[": "]" } as const;

/** Indents the text. Never parses it, because a parsed number can differ from the written one. */
export function layOut(text: string): Token[] {
  const found = text.match(TOKENS) ?? [];
  const tokens: Token[] = [];
  const plain = (piece: string): void => {
    const last = tokens.at(-1);
    if (last?.kind === "plain") tokens[tokens.length - 1] = { ...last, text: last.text + piece };
    else tokens.push({ kind: "plain", text: piece });
  };
  let depth = 0;
  const breakLine = (): void => plain(`\n${"  ".repeat(depth)}`);
  found.forEach((token, index) => {
    const next = found[index + 1];
    if (token === "{" || token === "[") {
      plain(token);
      depth += 1;
      if (next !== CLOSES[token]) breakLine();
    } else if (token === "}" || token === "]") {
      depth -= 1;
      const before = found[index - 1];
      if (before !== "{" && before !== "[") breakLine();
      plain(token);
    } else if (token === ",") {
      plain(token);
      breakLine();
    } else if (token === ":") plain(": ");
    else tokens.push({ kind: kindOf(token, next), text: token });
  });
  return tokens;
}

function kindOf(token: string, next: string | undefined): Token["kind"] {
  if (token.startsWith('"')) return next === ":" ? "key" : "string";
  return /^[-\d]/.test(token) ? "number" : "word";
}
