import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "throws-a-trap",
  description: "Throws an object whose message cannot be read.",
  run() {
    // oxlint-disable-next-line typescript/only-throw-error -- plugins do
    throw {
      get message(): string {
        throw new Error("trapped");
      },
    };
  },
});
