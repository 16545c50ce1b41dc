import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { prepare, type Statement } from "../statement.ts";
import type { KeyRange } from "./page-backwards.ts";

/**
 * Prepares one statement for each combination of conditions, when it is first used. A condition
 * that is written out can use an index; `(? IS NULL OR status = ?)` cannot.
 */
export function createFilteredStatement<Filter extends object, Row>(
  db: DatabaseSync,
  {
    conditions,
    toSql,
  }: {
    conditions: Readonly<Record<keyof Filter, string>>;
    /**
     * `where` is empty or begins with AND. Its values are bound between the key range and the
     * limit.
     */
    toSql: (where: string) => string;
  },
): (filter: Filter, range: KeyRange) => Row[] {
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
