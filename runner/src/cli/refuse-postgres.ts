import { BadSetting, toEnvName, type Settings } from "../config.ts";
import { contentsPath } from "../startup/contents-path.ts";
import { toRestLines } from "./rest-of-backup.ts";

/** PostgreSQL has its own programs for that. Throws `BadSetting` that says how to use them. */
export function refusePostgres(command: keyof typeof HOW, settings: Settings): void {
  if (settings.databaseUrl === undefined) return;
  const variable = toEnvName("databaseUrl");
  const why = `${variable} is set: \`${command}\` is for the SQLite database of a data folder.`;
  throw new BadSetting(`${why} ${HOW[command](settings, variable)}`);
}

const HOW = {
  backup: (settings: Settings, variable: string) =>
    `Back up the PostgreSQL database, then the contents of its files:
  umask 077
  pg_dump --format=custom --file=FILE "$${variable}"
  tar -C ${contentsPath(settings)} -cf FILES.tar .
Neither contains the following. Back it up too:
${toRestLines(settings)}
The daemons can be running.`,
  restore(settings: Settings, variable: string) {
    const contents = contentsPath(settings);
    return `Stop all daemons. Then restore the contents of files, and the PostgreSQL database into an empty one:
  mkdir -p ${contents} && tar -C ${contents} -xf FILES.tar
  pg_restore --no-owner --exit-on-error --single-transaction --dbname="$${variable}" FILE`;
  },
  compact: (_settings: Settings, variable: string) =>
    `PostgreSQL's autovacuum makes the space of deleted rows free for new ones while the daemons run, so that nothing is left to do. After a deletion of most rows, this returns it to the disk; the daemons cannot use the database meanwhile:
  psql "$${variable}" --command="VACUUM (FULL)"`,
} as const;
