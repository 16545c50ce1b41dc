/** Splits SQL into statements as SQLite does (sqlite3_complete): a trigger and its body are one statement. */

/** Tokens in which semicolons do not count, the semicolon, and the words that delimit a trigger's body. */
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
      // The END of the body follows a semicolon. The END of a CASE does not.
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

/** The SQL from its first word on, or an empty string when it has no word. */
export function withoutComments(sql: string): string {
  return sql.replace(/^(?:\s|;|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, "");
}
