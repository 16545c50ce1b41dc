import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "chatty",
  description: "Logs the number of lines that its input asks for.",
  run(input, { log }) {
    const { lines } = input as { lines: number };
    for (let n = 0; n < lines; n += 1) log.info(`line ${n}`, { n });
    return null;
  },
});
