import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "exits",
  description: "Calls process.exit.",
  run() {
    process.exit(3);
  },
});
