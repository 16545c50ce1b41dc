/**
 * Preloaded into a daemon or a command: kills it before or after it commits a transaction with a certain
 * statement. The file KILL_PLAN says which: `{"at": "before" or "after", "on": "a part of its text"}`.
 */
import { existsSync, readFileSync } from "node:fs";
import { DatabaseSync, StatementSync } from "node:sqlite";

/** The statements of each connection's transaction. */
const transactions = new WeakMap();

function noteBegin(connection) {
  transactions.set(connection, []);
}

function killAt(moment, statements) {
  const { KILL_PLAN: file } = process.env;
  if (statements === undefined || !existsSync(file)) return;
  const { at, on } = JSON.parse(readFileSync(file, "utf8"));
  if (at !== moment || !statements.some((sql) => sql.includes(on))) return;
  process.kill(process.pid, "SIGKILL");
  // The signal can take a moment. Run nothing more until it arrives.
  for (;;);
}

/** Takes the statements of the transaction that the connection commits. */
function takeCommitted(connection) {
  const statements = transactions.get(connection);
  transactions.delete(connection);
  return statements;
}

// oxlint-disable-next-line typescript/unbound-method -- called on the database, as they were
const { exec, prepare } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function (sql) {
  if (sql.startsWith("BEGIN")) noteBegin(this);
  if (sql !== "COMMIT") return exec.call(this, sql);
  const statements = takeCommitted(this);
  killAt("before", statements);
  exec.call(this, sql);
  killAt("after", statements);
};
/** The connection of each statement. */
const connections = new WeakMap();
DatabaseSync.prototype.prepare = function (...args) {
  const statement = prepare.apply(this, args);
  connections.set(statement, this);
  return statement;
};
for (const name of ["run", "get", "all"]) {
  const call = StatementSync.prototype[name];
  StatementSync.prototype[name] = function (...values) {
    transactions.get(connections.get(this))?.push(this.sourceSQL);
    return call.apply(this, values);
  };
}

if (process.env.PLAYGROUND_DATABASE_URL !== undefined) {
  const { Client } = (await import("pg")).default;
  // oxlint-disable-next-line typescript/unbound-method -- called on the client, as it was
  const { query } = Client.prototype;
  Client.prototype.query = function (statement, ...rest) {
    const sql = typeof statement === "string" ? statement : statement.text;
    if (sql === "BEGIN") noteBegin(this);
    if (sql !== "COMMIT") {
      transactions.get(this)?.push(sql);
      return query.call(this, statement, ...rest);
    }
    const statements = takeCommitted(this);
    killAt("before", statements);
    return query.call(this, statement, ...rest).then((answer) => {
      killAt("after", statements);
      return answer;
    });
  };
}
