import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "ignores-abort",
  description: "Goes on whatever it is told.",
  run: () =>
    new Promise(() => {
      setInterval(() => {}, 1000);
    }),
});
