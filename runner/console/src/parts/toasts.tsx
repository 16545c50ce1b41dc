import { signal } from "@preact/signals";

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly isBad: boolean;
}

const SHOWN_MS = 6_000;
const toasts = signal<readonly Toast[]>([]);
let nextId = 1;

/** Says what has happened, on screen and to screen readers. */
export function announce(text: string, { isBad = false } = {}): void {
  const toast = { id: nextId++, text, isBad };
  toasts.value = [
    ...toasts
      .peek()
      .filter((other) => other.text !== text)
      .slice(-2),
    toast,
  ];
  setTimeout(() => dismiss(toast.id), isBad ? SHOWN_MS * 2 : SHOWN_MS);
}

export function announceFailure(error: unknown): void {
  announce(error instanceof Error ? error.message : String(error), { isBad: true });
}

function dismiss(id: number): void {
  toasts.value = toasts.peek().filter((toast) => toast.id !== id);
}

export function Toasts() {
  return (
    <div class="toasts" role="status">
      {toasts.value.map(({ id, text, isBad }) => (
        <button
          key={id}
          type="button"
          class={isBad ? "toast bad" : "toast"}
          title="Dismiss"
          onClick={() => dismiss(id)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}
