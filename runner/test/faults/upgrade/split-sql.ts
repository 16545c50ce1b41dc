/** SQL's statements, as SQLite tells them apart (sqlite3_complete): a trigger's body is one with it. */

/** What semicolons do not count in, what ends a statement, and the words that make a trigger's body. */
const TOKENS =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\/|;|\b\w+\b/g;

const CREATE_TRIGGER = /^create (?:temp |temporary )?trigger\b/;

export function splitSql(sql: string): string[] {
  const statements: string[] = [];
  let begun = 0;
  let words: string[] = [];
  for (const { 0: token, index } of sql.matchAll(TOKENS)) {
    if (token === ";") {
      const isTrigger = CREATE_TRIGGER.test(words.slice(0, 3).join(" "));
      // Only the END of the body follows a semicolon; that of a CASE does not.
      if (isTrigger && words.slice(-2).join(" ") !== "; end") {
        words.push(";");
        continue;
      }
      statements.push(sql.slice(begun, index + 1));
      begun = index + 1;
      words = [];
    } else if (/^\w/.test(token)) {
      words.push(token.toLowerCase());
    }
  }
  statements.push(sql.slice(begun));
  return statements.map(withoutComments).filter((text) => text !== "");
}

/** From its first word on; empty when it has none. */
export function withoutComments(sql: string): string {
  return sql.replace(/^(?:\s|;|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, "");
}
