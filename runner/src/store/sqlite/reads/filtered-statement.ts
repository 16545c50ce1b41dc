import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { prepare, type Statement } from "../statement.ts";
import type { Window } from "./page-backwards.ts";

/**
 * A statement for each set of conditions that was asked for, prepared at its first use: conditions
 * that are written out can use an index, `(? IS NULL OR status = ?)` cannot.
 */
export function createFilteredStatement<Filter extends object, Row>(
  db: DatabaseSync,
  {
    conditions,
    toSql,
  }: {
    conditions: Readonly<Record<keyof Filter, string>>;
    /** `where` is empty or begins with AND. Its values come between the window and the limit. */
    toSql: (where: string) => string;
  },
): (filter: Filter, window: Window) => Row[] {
  const names = Object.keys(conditions) as (keyof Filter)[];
  const statements = new Map<string, Statement<Row>>();
  return (filter, { from, to, limit }) => {
    const given = names.filter((name) => filter[name] !== undefined);
    const where = given.map((name) => ` AND ${conditions[name]}`).join("");
    const statement = statements.get(where) ?? prepare<Row>(db, toSql(where));
    statements.set(where, statement);
    const values = given.map((name) => filter[name] as SQLInputValue);
    return statement.all(from, to, ...values, limit);
  };
}
