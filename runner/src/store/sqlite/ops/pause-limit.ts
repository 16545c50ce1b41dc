import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { prepareVacateKeys } from "./limits.ts";

export function preparePauseLimit(db: DatabaseSync): Operations["pauseLimit"] {
  const isKnown = prepare(db, `SELECT 1 FROM limits WHERE name = ?`);
  const pause = prepare(
    db,
    `INSERT INTO limit_states (limit_name, is_key, limit_key, paused_at, paused_until, is_span,
       paused_by, wake_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?5)
     ON CONFLICT DO UPDATE
       SET paused_at = ?4, paused_until = ?5, is_span = ?6, paused_by = ?7, wake_at = ?5
       WHERE ?8 = 0 OR paused_at IS NULL OR paused_until < ?5`,
  );
  return ({ name, key, until, isSpan, keepsLonger, by, now }) => {
    if (isKnown.get(name) === undefined) return false;
    const place = [name, key === null ? 0 : 1, key ?? ""] as const;
    pause.run(...place, now, until, isSpan ? 1 : 0, by, keepsLonger ? 1 : 0);
    return true;
  };
}

export function prepareResumeLimit(db: DatabaseSync): Operations["resumeLimit"] {
  const isKnown = prepare(db, `SELECT 1 FROM limits WHERE name = ?`);
  const resume = prepare(
    db,
    `UPDATE limit_states SET paused_at = NULL, paused_until = NULL, paused_by = NULL, wake_at = NULL
     WHERE limit_name = ? AND is_key = ? AND limit_key = ?`,
  );
  const addVacancy = prepare(db, `INSERT OR IGNORE INTO limit_vacancies VALUES (?, ?)`);
  const vacateKeys = prepareVacateKeys(db);
  return (name, key) => {
    if (isKnown.get(name) === undefined) return false;
    resume.run(name, key === null ? 0 : 1, key ?? "");
    if (key === null) vacateKeys(name);
    else addVacancy.run(name, key);
    return true;
  };
}
