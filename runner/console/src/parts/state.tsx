import { Icon, type IconName } from "./icon.tsx";

/** Each state has a word, an icon and a tone, so that it is never told by its colour alone. */
const STATES = {
  queued: ["clock", "idle"],
  scheduled: ["calendar", "idle"],
  waiting: ["hourglass", "wait"],
  running: ["spin", "run"],
  completed: ["check", "ok"],
  failed: ["cross", "bad"],
  cancelled: ["stop", "idle"],
  pending: ["clock", "idle"],
  due: ["clock", "idle"],
  retrying: ["retry", "wait"],
  delivered: ["check", "ok"],
  dead: ["cross", "bad"],
  active: ["check", "ok"],
  paused: ["pause", "wait"],
  off: ["stop", "bad"],
  ready: ["check", "ok"],
  broken: ["alert", "bad"],
  missing: ["alert", "bad"],
  elsewhere: ["check", "idle"],
  open: ["alert", "bad"],
  closed: ["check", "ok"],
  done: ["check", "ok"],
  aborted: ["stop", "idle"],
  ended: ["check", "idle"],
  fired: ["check", "ok"],
  "caught-up": ["check", "ok"],
  buffered: ["hourglass", "wait"],
  skipped: ["minus", "idle"],
  missed: ["alert", "wait"],
  refused: ["cross", "bad"],
} as const satisfies Record<string, readonly [IconName, string]>;

export type StateName = keyof typeof STATES;

/** `word` replaces the state's own, as in "given up" for a dead delivery. */
export function State({ name, word }: { readonly name: StateName; readonly word?: string }) {
  const [icon, tone] = STATES[name];
  return (
    <span class={`state ${tone}`}>
      <Icon name={icon} />
      {word ?? name}
    </span>
  );
}
