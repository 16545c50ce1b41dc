import type { ComponentType } from "preact";
import type { Status } from "./api/schema.ts";

export interface ScreenProps {
  /** The id or name in the address, on screens of one thing. Empty on lists. */
  readonly id: string;
}

/** What the menu says behind a screen's name. `isBad`: something is wrong there. */
interface Note {
  readonly text: string;
  readonly isBad?: boolean;
}

type Module = { readonly default: ComponentType<ScreenProps> };

export interface Screen {
  /** The first part of the address. */
  readonly path: string;
  readonly title: string;
  /** `g` and this letter opens it. */
  readonly letter: string;
  readonly note?: (status: Status) => Note | null;
  readonly load: () => Module | Promise<Module>;
  /** The screen of one thing: `#/jobs/ID`. */
  readonly loadOne?: () => Module | Promise<Module>;
  /** What a token must be allowed to do for the menu to have it. */
  readonly scope?: "admin";
  /** The path of the screen that stands for it in the menu. */
  readonly within?: string;
}
