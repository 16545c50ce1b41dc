/** Chooses the statements that the upgrade test kills a daemon before. */

/** The last statement of a migration before its COMMIT. */
const MIGRATED = /^pragma user_version *=/i;
/** At most this share of the points is in migrations. */
const MIGRATION_SHARE = 0.6;
/** Runs differ by a few statements, as writes are grouped: one near the end may never be reached. */
const REACHED = 0.75;

/**
 * The numbers of statements, from 1, in order. If there are migrations, most points are in them, up
 * to the moment after the last COMMIT. The others are close together in the start, and further and
 * further apart in the work that follows it.
 */
export function chooseKillPoints(trace: readonly string[], count: number): number[] {
  const lastMigrated = trace.findLastIndex((statement) => MIGRATED.test(statement));
  // Behind it come the COMMIT and the moment after it.
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

/** Spread evenly, and always before the last COMMIT and after it. */
function inMigrations(statements: number, count: number): number[] {
  if (statements <= count) return Array.from({ length: statements }, (_, index) => index + 1);
  const apart = (statements - 2) / (count - 2);
  const evenly = Array.from({ length: count - 1 }, (_, index) => 1 + Math.round(index * apart));
  return [...evenly, statements];
}
