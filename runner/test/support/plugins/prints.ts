import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "prints",
  description: "Writes output in every way that a plugin can.",
  run(_, { log }) {
    console.log("to the console: %d", 1);
    console.error(new Error("as an error"));
    console.table([{ a: 1 }]);
    process.stdout.write("to the stream\nwithout an end");
    log.warn("to the log", { with: "data" });
    log.debug("x".repeat(20_000));
    return null;
  },
});
