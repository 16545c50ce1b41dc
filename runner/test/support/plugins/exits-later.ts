import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "exits-later",
  description: "Completes, then calls process.exit from a timer.",
  run(input) {
    setTimeout(() => process.exit(5), (input as { ms: number }).ms);
    return null;
  },
});
