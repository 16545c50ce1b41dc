import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "returns-a-trap",
  description: "Returns an object with a getter that throws.",
  run: () => ({
    get secret(): string {
      throw new Error("not for you");
    },
  }),
});
