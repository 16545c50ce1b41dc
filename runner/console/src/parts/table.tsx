import type { ComponentChildren } from "preact";

export interface Column<Row> {
  readonly title: ComponentChildren;
  readonly cell: (row: Row) => ComponentChildren;
  /** `num`: right-aligned. `wide`: only on wide screens. `main`: names the row. `fit`: as narrow as it can be. */
  readonly kind?: "num" | "wide" | "num wide" | "main" | "fit" | "chain-cell";
}

interface TableProps<Row> {
  /** What the table lists, for screen readers. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly rowClass?: (row: Row) => string | undefined;
  readonly class?: string;
}

/** A table that scrolls within itself when it does not fit. */
export function Table<Row>({ label, columns, rows, keyOf, rowClass, ...rest }: TableProps<Row>) {
  return (
    <div class="table">
      <table aria-label={label} class={rest.class}>
        <thead>
          <tr>
            {columns.map(({ title, kind }, index) => (
              <th key={index} scope="col" class={kind}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} class={rowClass?.(row)}>
              {columns.map(({ cell, kind }, index) => (
                <td key={index} class={kind}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
