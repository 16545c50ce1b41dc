/** `rows` has one row more than the limit if there is a next page. `last` is then the page's last row. */
export function toPage<Row>(
  rows: readonly Row[],
  limit: number,
): { items: readonly Row[]; last: Row | null } {
  const items = rows.slice(0, limit);
  return { items, last: rows.length > limit ? (items.at(-1) ?? null) : null };
}
