import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "returns-too-much",
  description: "Returns a text of the length that its input asks for.",
  run: (input) => "x".repeat((input as { characters: number }).characters),
});
