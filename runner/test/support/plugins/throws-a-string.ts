import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "throws-a-string",
  description: "Throws a string instead of an Error.",
  run() {
    // oxlint-disable-next-line typescript/only-throw-error -- plugins do
    throw "just a text";
  },
});
