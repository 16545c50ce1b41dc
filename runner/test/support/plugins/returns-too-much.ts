import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "returns-too-much",
  description: "Returns a text of as many characters as it is told.",
  run: (input) => "x".repeat((input as { characters: number }).characters),
});
