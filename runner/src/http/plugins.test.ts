import { afterEach, beforeEach, expect, test } from "vitest";
import {
  AUTHORIZED,
  createBackend,
  problemOf,
  type Backend,
} from "../../test/support/scripted-backend.ts";
import { Plugin } from "./contract/plugins.ts";

const pluginsElsewhere = ["echo", "translate", "broken-one"];

let backend: Backend;
beforeEach(() => void (backend = createBackend({}, {}, { pluginsElsewhere })));
afterEach(() => backend.app.close());

const get = (url: string) => backend.get(url, AUTHORIZED);

test("the list has the plugins of other daemons, and this daemon's own as they are here", async () => {
  const { items } = (await get("/v1/plugins")).json<{ items: Plugin[] }>();
  expect(items.map(({ name, status }) => [name, status])).toEqual([
    ["broken-one", "broken"],
    ["echo", "ready"],
    ["translate", "elsewhere"],
  ]);
  const translate = Plugin.parse(items.at(-1));
  expect(translate).toMatchObject({ source: "another daemon", inputSchema: null, error: null });
  expect((await get("/v1/plugins/translate")).json()).toEqual(translate);
});

test("a name that no daemon knows is refused, with the nearest of all daemons", async () => {
  expect(problemOf(await get("/v1/plugins/translat"))).toMatchObject({
    code: "PLUGIN_NOT_FOUND",
    detail: expect.stringContaining('Did you mean "translate"?'),
  });
});
