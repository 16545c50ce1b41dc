import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "fetches-fully",
  description: "Posts a form with a Request object and reads the response as a stream.",
  async run(input, { fetch }) {
    const body = new FormData();
    body.set("field", "value");
    const url = (input as { url: string }).url;
    const response = await fetch(new Request(url, { method: "POST", body }));
    let bytes = 0;
    for await (const chunk of response.body ?? []) bytes += chunk.length;
    return {
      bytes,
      redirected: response.redirected,
      isResponse: response instanceof Response,
      header: response.headers.get("x-mine"),
    };
  },
});
