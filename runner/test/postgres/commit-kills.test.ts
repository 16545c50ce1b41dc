/** Daemons that are killed before and after a commit, on PostgreSQL. */
import { checkDatabase } from "../../src/store/postgres/check-database.ts";
import { describeCommitKills } from "../support/commit-kills.ts";
import { shareDatabase, urlOf } from "../support/postgres/daemons.ts";
import { createSchema } from "../support/postgres/schema.ts";

const STATEMENTS = {
  merge: "UPDATE job_specs SET timeout_ms",
  freeSlot: "INSERT INTO limit_vacancies (limit_name, limit_key) VALUES",
  // The claim that gives the slot. A claim that finds no free slot runs the statement that gives slots too.
  giveSlot: "WITH claimed AS (",
  pause: "INSERT INTO limit_states (limit_name, is_key, limit_key, paused_at",
  setSecret: "INSERT INTO secrets (name",
};

describeCommitKills(STATEMENTS, async (plugins) => {
  const schema = await createSchema();
  const shared = await shareDatabase(urlOf(schema), { plugins });
  return {
    start: (env) => shared.start(env),
    problems: async () => (await checkDatabase({ url: schema.url, schema: schema.name })).broken,
    async close() {
      await shared.close();
      await schema.release();
    },
  };
});
