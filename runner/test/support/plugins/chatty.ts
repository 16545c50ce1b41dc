import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "chatty",
  description: "Logs as many lines as it is told.",
  run(input, { log }) {
    const { lines } = input as { lines: number };
    for (let n = 0; n < lines; n += 1) log.info(`line ${n}`, { n });
    return null;
  },
});
