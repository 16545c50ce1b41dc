/** Commands that start a daemon or work on its data folder. */
import { defineCommand } from "../command-contract.ts";

export const start = defineCommand({
  topic: "daemon",
  summary: "Starts the daemon.",
  description: "This is the command when the first argument is a flag, or there is none.",
  hasSettings: true,
  examples: [
    { command: "start", does: "Starts it with the default settings." },
    {
      command: "start --port 9000 --data-dir /var/lib/playground",
      does: "On another port, with another data folder.",
    },
  ],
});

export const loginLink = defineCommand({
  topic: "daemon",
  summary: "Prints a link that logs a browser in to the console.",
  description:
    "The link works once, within ten minutes, and logs in with every permission. The daemon must be running. The command reads its data folder, which only its user can do.",
  hasSettings: true,
  examples: [
    {
      command: "login-link --data-dir /var/lib/playground",
      does: "A link to the daemon of that data folder.",
    },
    {
      command: "login-link --public-url http://localhost:8787",
      does: "A link for a browser that reaches the daemon at that address.",
    },
  ],
});

export const backup = defineCommand({
  topic: "daemon",
  summary: "Copies the database into one file and checks the copy.",
  description:
    "The contents of files are copied into the folder FILE.files, which belongs to the backup. The daemon can be running. With PostgreSQL it says how to use pg_dump instead.",
  arguments: { FILE: { what: "a file" } },
  flags: { force: { description: "Replaces an existing FILE." } },
  hasSettings: true,
  examples: [{ command: "backup /backup/playground.db", does: "Writes a backup." }],
});

export const restore = defineCommand({
  topic: "daemon",
  summary: "Restores a backup into the data folder.",
  description:
    "The daemon must not be running. With PostgreSQL it says how to use pg_restore instead.",
  arguments: { FILE: { what: "a file" } },
  flags: {
    force: { description: "Renames an existing database first." },
    partial: {
      description: "Restores the backup although contents of files are missing.",
    },
  },
  hasSettings: true,
  examples: [
    {
      command: "restore /backup/playground.db --data-dir /var/lib/playground",
      does: "Restores it into a new data folder.",
    },
  ],
});

export const rotateKey = defineCommand({
  topic: "daemon",
  summary: "Encrypts the secrets in the database with a new key.",
  description:
    "No daemon may run on the database. The new key takes the place of the file `secret-key` in the data folder. If the key is in `PLAYGROUND_SECRET_KEY` or `PLAYGROUND_SECRET_KEY_FILE`, give the new one in a file, and set it there afterwards. If the command is killed, run it again with the same keys, or start a daemon.",
  flags: {
    "new-key-file": {
      value: "FILE",
      description: "File with the new key: 32 bytes in base64. Default: a generated key.",
    },
  },
  hasSettings: true,
  examples: [
    { command: "rotate-key", does: "A generated key, in the data folder." },
    {
      command: "rotate-key --secret-key-file old-key --new-key-file new-key",
      does: "From one key of yours to another.",
    },
  ],
});

export const compact = defineCommand({
  topic: "daemon",
  summary: "Rewrites the database without the space that deleted rows have left.",
  description:
    "The daemon must not be running. The disk must have free twice what the database contains. The command works on a copy, which takes the database's name when it is checked and on disk, so that it can be killed at any moment: run it again, which removes what it left. After that, the daemon itself returns space to the disk. A database that version 0.1.0 created needs it once. With PostgreSQL, whose autovacuum does this, it says so.",
  hasSettings: true,
  examples: [
    {
      command: "compact --data-dir /var/lib/playground",
      does: "Makes the database of that data folder smaller.",
    },
  ],
});

export const exportData = defineCommand({
  topic: "daemon",
  summary: "Writes the database and the contents of files into one file, to move to another store.",
  description:
    "The file can be imported into an SQLite database or a PostgreSQL one, whichever it was exported from. It has jobs with everything that belongs to them, webhooks, deliveries, schedules, secrets, tokens, statistics and files. What is encrypted stays so. It reads one snapshot: daemons can be running, but to move, stop them first. Its lines are JSON, compressed with gzip.",
  arguments: { FILE: { what: "a file" } },
  flags: {
    force: { description: "Replaces an existing FILE." },
    json: { description: "Prints the result as JSON." },
  },
  hasSettings: true,
  examples: [
    {
      command: "export playground.export --data-dir /var/lib/playground",
      does: "Writes what the SQLite database of that data folder has.",
    },
  ],
});

export const importData = defineCommand({
  topic: "daemon",
  summary: "Fills an empty database from a file that `export` has written, and checks it.",
  description:
    "The database is that of `PLAYGROUND_DATABASE_URL` or, without one, a new one in the data folder. The contents of files are written into the data folder. The secret key must be that of the daemon that was exported. Nothing is imported if the file is cut off or was changed, or the database is not empty. If the command is killed, run it again.",
  arguments: { FILE: { what: "a file of `export`" } },
  flags: {
    partial: { description: "Imports the file although it lacks contents of files." },
    json: { description: "Prints the result as JSON." },
  },
  hasSettings: true,
  examples: [
    {
      command: "import playground.export --secret-key-file secret-key",
      does: "Fills the database of PLAYGROUND_DATABASE_URL.",
    },
  ],
});

export const check = defineCommand({
  topic: "daemon",
  summary: "Checks the database, or the backup FILE.",
  description:
    "It checks the file itself, its references, that its rows agree with each other, and that the contents of files are there. It changes nothing. The daemon can be running.",
  arguments: { FILE: { what: "a backup", isOptional: true } },
  flags: { verbose: { short: "v", description: "Prints each check, also those that passed." } },
  hasSettings: true,
  examples: [{ command: "check /backup/playground.db", does: "Checks a backup." }],
});
