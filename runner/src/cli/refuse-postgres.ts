import { BadSetting, toEnvName, type Settings } from "../config.ts";
import { contentsPath } from "../startup/contents-path.ts";
import { toRestLines } from "./rest-of-backup.ts";

/** PostgreSQL has its own programs for backups. Throws `BadSetting` that says how to use them. */
export function refusePostgres(command: "backup" | "restore", settings: Settings): void {
  if (settings.databaseUrl === undefined) return;
  const variable = toEnvName("databaseUrl");
  const contents = contentsPath(settings);
  const why = `${variable} is set: \`${command}\` is for the SQLite database of a data folder.`;
  const how =
    command === "backup"
      ? `Back up the PostgreSQL database, then the contents of its files:
  umask 077
  pg_dump --format=custom --file=FILE "$${variable}"
  tar -C ${contents} -cf FILES.tar .
Neither contains the following. Back it up too:
${toRestLines(settings)}
The daemons can be running.`
      : `Stop all daemons. Then restore the contents of files, and the PostgreSQL database into an empty one:
  mkdir -p ${contents} && tar -C ${contents} -xf FILES.tar
  pg_restore --no-owner --exit-on-error --single-transaction --dbname="$${variable}" FILE`;
  throw new BadSetting(`${why} ${how}`);
}
