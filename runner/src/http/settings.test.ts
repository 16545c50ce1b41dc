import { expect, test } from "vitest";
import { createBackend } from "../../test/support/scripted-backend.ts";
import { getSettings } from "./contract/settings.ts";

test("the settings that were given are listed, for an admin only", async () => {
  const given = [
    {
      name: "PLAYGROUND_THREADS",
      value: "4",
      from: "flag" as const,
      description: "Number of plugins that run at the same time.",
    },
    {
      name: "PLAYGROUND_TOKEN",
      value: null,
      from: "environment" as const,
      description: "The token.",
    },
  ];
  const { app, get } = createBackend({ given });
  const response = await get("/v1/settings");
  expect(getSettings.responses[200].schema.parse(response.json())).toEqual({ settings: given });
  const refused = await get("/v1/settings", { authorization: "Bearer run-token" });
  expect(refused.json()).toMatchObject({ status: 403, code: "INSUFFICIENT_SCOPE" });
  await app.close();
});
