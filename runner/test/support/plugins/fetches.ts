import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "fetches",
  description: "Fetches a URL.",
  async run(input, { fetch }) {
    const response = await fetch((input as { url: string }).url);
    return response.text();
  },
});
