import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface CardProps {
  readonly title: ComponentChildren;
  /** A few words after the title. */
  readonly note?: ComponentChildren;
  /** Links and buttons at the right of the header. */
  readonly acts?: ComponentChildren;
  readonly class?: string;
  readonly children: ComponentChildren;
}

export function Card({ title, note, acts, children, ...rest }: CardProps) {
  const id = useId();
  return (
    <section class={`card ${rest.class ?? ""}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {note !== undefined && <span class="faint">{note}</span>}
        <div class="grow" />
        {acts}
      </header>
      {children}
    </section>
  );
}
