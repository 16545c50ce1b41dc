import { Fragment, type ComponentChildren } from "preact";

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
  /** What is shown below an open row. */
  readonly detail?: (row: Row) => ComponentChildren;
}

/** A table that scrolls within itself when it does not fit. */
export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, rows, keyOf, rowClass, detail, ...rest } = props;
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
          {rows.map((row) => {
            const below = detail?.(row);
            return (
              <Fragment key={keyOf(row)}>
                <tr class={rowClass?.(row)}>
                  {columns.map(({ cell, kind }, index) => (
                    <td key={index} class={kind}>
                      {cell(row)}
                    </td>
                  ))}
                </tr>
                {below && (
                  <tr class="detail">
                    <td colSpan={columns.length}>{below}</td>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
