import type { FastifyInstance } from "fastify";
import { getSettings, type Settings } from "../contract/settings.ts";
import { mount } from "../mount.ts";

export type GivenSetting = Settings["settings"][number];

export function registerSettings(
  app: FastifyInstance,
  { given }: { readonly given: readonly GivenSetting[] },
): void {
  mount(app, getSettings, async () => ({ settings: [...given] }));
}
