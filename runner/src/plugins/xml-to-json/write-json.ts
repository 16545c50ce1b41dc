const PIECE_LENGTH = 1 << 16;
/** Deeper values are written by JSON.stringify, which is ten times as fast. */
const SPLIT_DEPTH = 3;

/** The JSON in pieces: one string of it could be longer than JavaScript allows. */
export function* writeJson(value: unknown): Generator<string> {
  let piece = "";
  for (const text of tokens(value, 0)) {
    piece += text;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = "";
  }
  yield `${piece}\n`;
}

function* tokens(value: unknown, depth: number): Generator<string> {
  if (typeof value !== "object" || value === null || depth >= SPLIT_DEPTH) {
    yield JSON.stringify(value);
    return;
  }
  const isList = Array.isArray(value);
  let before = isList ? "[" : "{";
  for (const [key, member] of Object.entries(value)) {
    yield isList ? before : `${before}${JSON.stringify(key)}:`;
    yield* tokens(member, depth + 1);
    before = ",";
  }
  const isEmpty = before !== ",";
  yield `${isEmpty ? before : ""}${isList ? "]" : "}"}`;
}
