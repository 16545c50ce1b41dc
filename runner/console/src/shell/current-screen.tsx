import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { Empty } from "../parts/empty.tsx";
import { Page } from "../parts/page.tsx";
import { Failed } from "../parts/loaded.tsx";
import { place } from "../router.ts";
import type { ScreenProps } from "../screen.ts";
import { SCREENS } from "../screens.ts";

/** Kept, so that a screen that was open before appears at once. */
const opened = new Map<string, ComponentType<ScreenProps>>();

export function CurrentScreen() {
  const [path = "", id = ""] = place.value.parts;
  const screen = SCREENS.find((one) => one.path === path);
  const load = id === "" ? screen?.load : screen?.loadOne;
  const key = id === "" ? path : `${path}/one`;
  /** The screen that was loaded last, or could not be. */
  const settled = useSignal<{ readonly key: string; readonly isFailed: boolean } | null>(null);

  useEffect(() => {
    // A new screen begins at its top, as a new page does.
    scrollTo(0, 0);
  }, [key, id]);
  const module = opened.has(key) ? undefined : load?.();
  if (module !== undefined && !(module instanceof Promise)) opened.set(key, module.default);
  useEffect(() => {
    if (!(module instanceof Promise)) return;
    module.then(
      (loaded) => {
        opened.set(key, loaded.default);
        settled.value = { key, isFailed: false };
      },
      () => (settled.value = { key, isFailed: true }),
    );
  }, [key]);

  if (load === undefined) {
    return (
      <Page title="Unknown page">
        <Empty title="There is no such page">
          <p>
            <a href="#/">Go to the overview</a>
          </p>
        </Empty>
      </Page>
    );
  }
  const Opened = opened.get(key);
  if (Opened !== undefined) return <Opened key={`${key} ${id}`} id={id} />;
  if (settled.value?.key === key && settled.value.isFailed) {
    // The daemon was updated while the page was open, or it cannot be reached.
    const error = new Error("The console could not load this page. Reload it in the browser.");
    return <Failed what="the page" error={error} retry={() => location.reload()} />;
  }
  return null;
}
