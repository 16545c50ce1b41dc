import type { Operation } from "../change.ts";

export const setMeta: Operation<"setMeta"> = async (tx, key, value) => {
  await tx.query(
    `INSERT INTO meta (key, value) VALUES ($1, $2)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    [key, value],
  );
};

export const addMeta: Operation<"addMeta"> = async (tx, key, value) => {
  await tx.query(`INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`, [
    key,
    value,
  ]);
  const [row] = await tx.query<{ value: string }>(`SELECT value FROM meta WHERE key = $1`, [key]);
  return row?.value ?? value;
};
