import { Icon } from "./icon.tsx";

export interface ChainStep {
  readonly plugin: string;
  readonly status: "pending" | "running" | "completed" | "failed";
}

/** A job's plugins in order, with the state of each. */
export function Chain({ steps }: { readonly steps: readonly ChainStep[] }) {
  return (
    <ol class="chain" aria-label="Steps">
      {steps.map(({ plugin, status }, index) => (
        <li key={index} class={status} title={`${plugin}: ${status}`}>
          {index > 0 && <Icon name="next" />}
          <span>{plugin}</span>
          <span class="off-screen">, {status}</span>
        </li>
      ))}
    </ol>
  );
}
