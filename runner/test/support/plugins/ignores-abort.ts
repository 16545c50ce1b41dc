import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "ignores-abort",
  description: "Keeps running when it is asked to stop.",
  run: () =>
    new Promise(() => {
      setInterval(() => {}, 1000);
    }),
});
