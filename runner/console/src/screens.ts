/** The console's screens. The first three are always loaded, the others when they are opened. */
import { mayI } from "./api/session.ts";
import { formatCount } from "./parts/numbers.ts";
import Job from "./screens/job/job.tsx";
import Jobs from "./screens/jobs/jobs.tsx";
import Overview from "./screens/overview/overview.tsx";
import type { Screen } from "./screen.ts";

export const SCREENS: readonly Screen[] = [
  {
    path: "",
    title: "Overview",
    letter: "o",
    load: () => ({ default: Overview }),
  },
  {
    path: "jobs",
    title: "Jobs",
    letter: "j",
    note: ({ jobs }) =>
      jobs.running === 0 ? null : { text: `${formatCount(jobs.running)} running` },
    load: () => ({ default: Jobs }),
    loadOne: () => ({ default: Job }),
  },
  {
    path: "batches",
    title: "Batches",
    letter: "b",
    load: () => import("./screens/batches/batches.tsx"),
    loadOne: () => import("./screens/batches/batch.tsx"),
  },
  {
    path: "run",
    title: "Run a plugin",
    letter: "r",
    load: () => import("./screens/run/run.tsx"),
  },
  {
    path: "schedules",
    title: "Schedules",
    letter: "c",
    load: () => import("./screens/schedules/schedules.tsx"),
    loadOne: () => import("./screens/schedules/schedule.tsx"),
  },
  {
    path: "limits",
    title: "Limits",
    letter: "l",
    load: () => import("./screens/limits/limits.tsx"),
  },
  {
    path: "destinations",
    title: "Destinations",
    letter: "d",
    note: ({ destinations, webhooks }) => {
      if (destinations.behind > 0) return { text: `${destinations.behind} behind`, isBad: true };
      return webhooks.off > 0 ? { text: `${webhooks.off} off`, isBad: true } : null;
    },
    load: () => import("./screens/destinations/destinations.tsx"),
    loadOne: () => import("./screens/destinations/destination.tsx"),
  },
  {
    path: "webhooks",
    title: "Webhooks",
    letter: "w",
    within: "destinations",
    load: () => import("./screens/destinations/destinations.tsx"),
    loadOne: () => import("./screens/webhooks/webhook.tsx"),
  },
  {
    path: "deliveries",
    title: "Deliveries",
    letter: "e",
    within: "destinations",
    load: () => import("./screens/deliveries/deliveries.tsx"),
    loadOne: () => import("./screens/deliveries/delivery.tsx"),
  },
  {
    path: "plugins",
    title: "Plugins",
    letter: "p",
    note: ({ plugins: { broken } }) =>
      broken === 0 ? null : { text: `${broken} broken`, isBad: true },
    load: () => import("./screens/plugins/plugins.tsx"),
    loadOne: () => import("./screens/plugins/plugin.tsx"),
  },
  {
    path: "files",
    title: "Files",
    letter: "f",
    load: () => import("./screens/files/files.tsx"),
  },
  {
    path: "secrets",
    title: "Secrets",
    letter: "k",
    scope: "admin",
    load: () => import("./screens/secrets/secrets.tsx"),
  },
  {
    path: "system",
    title: "System",
    letter: "s",
    load: () => import("./screens/system/system.tsx"),
  },
];

/** The screens that the menu has: those of their own that the token can use. */
export function menuScreens(): readonly Screen[] {
  return SCREENS.filter(
    ({ within, scope }) => within === undefined && (scope === undefined || mayI(scope)),
  );
}
