/** Chooses the statements before which the upgrade test kills a daemon. */

/** The last statement of a migration before its COMMIT. */
const MIGRATED = /^pragma user_version *=/i;
/** The maximum share of the points that are in migrations. */
const MIGRATION_SHARE = 0.6;
/**
 * The share of the trace that every run reaches. Runs differ by a few statements because writes are
 * grouped, so that a run can end before the last ones.
 */
const REACHED = 0.75;

/**
 * Returns numbers of statements, counted from 1, in order. If there are migrations, most points are
 * in them, up to the moment after the last COMMIT. The others are close together during the start
 * and farther and farther apart in the work that follows.
 */
export function chooseKillPoints(trace: readonly string[], count: number): number[] {
  const lastMigrated = trace.findLastIndex((statement) => MIGRATED.test(statement));
  // The COMMIT and the moment after it follow.
  const migrated = lastMigrated === -1 ? 0 : lastMigrated + 3;
  const early = inMigrations(migrated, Math.floor(count * MIGRATION_SHARE));
  const rest = count - early.length;
  const last = Math.floor(trace.length * REACHED);
  const late: number[] = [];
  for (let index = 0; index < rest; index += 1) {
    const part = index / (rest - 1);
    const wanted = migrated + 1 + Math.round((last - migrated - 1) * part ** 2);
    late.push(Math.max(wanted, (late.at(-1) ?? migrated) + 1));
  }
  return [...early, ...late];
}

/** Points that are spread evenly, including one before and one after the last COMMIT. */
function inMigrations(statements: number, count: number): number[] {
  if (statements <= count) return Array.from({ length: statements }, (_, index) => index + 1);
  const apart = (statements - 2) / (count - 2);
  const evenly = Array.from({ length: count - 1 }, (_, index) => 1 + Math.round(index * apart));
  return [...evenly, statements];
}
