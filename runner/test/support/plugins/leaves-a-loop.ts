import { writeFileSync } from "node:fs";
import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "leaves-a-loop",
  description: "Completes; then its timer writes a file and never gives the thread back.",
  run(input) {
    setTimeout(() => {
      writeFileSync((input as { file: string }).file, "");
      for (;;);
    }, 1);
    return null;
  },
});
