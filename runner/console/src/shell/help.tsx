import { shortcuts } from "../keyboard.ts";
import { Dialog } from "../parts/dialog.tsx";
import { menuScreens } from "../screens.ts";

export function Help({ onClose }: { readonly onClose: () => void }) {
  const keys: readonly (readonly [string, string])[] = [
    ["/", "Search jobs"],
    ["n", "Run a plugin"],
    ["?", "This help"],
    ...menuScreens().map(({ letter, title }) => [`g ${letter}`, title] as const),
  ];
  return (
    <Dialog title="Shortcuts" onClose={onClose}>
      <dl class="keys">
        {keys.map(([key, does]) => (
          <div key={key}>
            <dt>
              {key.split(" ").map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <label class="check">
          <input
            type="checkbox"
            checked={shortcuts.value === "on"}
            onChange={(event) => (shortcuts.value = event.currentTarget.checked ? "on" : "off")}
          />
          Use one-letter shortcuts
        </label>
        <div class="acts">
          <button type="submit" class="btn primary">
            Close
          </button>
        </div>
      </form>
    </Dialog>
  );
}
