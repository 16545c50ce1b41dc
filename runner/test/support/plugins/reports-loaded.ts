import { createRequire } from "node:module";
import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "reports-loaded",
  description:
    "Reports whether its thread has loaded a package. When given a URL, it fetches that first.",
  async run(input, { fetch }) {
    const { url, name } = input as { url?: string; name: string };
    if (url !== undefined) await (await fetch(url)).text();
    const { cache } = createRequire(import.meta.url);
    return Object.keys(cache).some((path) => path.includes(`/node_modules/${name}/`));
  },
});
