/**
 * Like Promise.all, but rejects only when all have settled. So no statement is sent after the rollback
 * to a savepoint that belongs to what was rolled back.
 */
export async function together<Parts extends readonly Promise<unknown>[]>(
  parts: readonly [...Parts],
): Promise<{ -readonly [Key in keyof Parts]: Awaited<Parts[Key]> }> {
  const all = Promise.all(parts);
  // The first error is what happened. Statements after it only fail because their transaction has.
  all.catch(() => {});
  await Promise.allSettled(parts);
  return all;
}
