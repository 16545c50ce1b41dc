import { writeFileSync } from "node:fs";
import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "leaves-a-loop",
  description: "Completes. Then its timer writes a file and loops forever.",
  run(input) {
    setTimeout(() => {
      writeFileSync((input as { file: string }).file, "");
      for (;;);
    }, 1);
    return null;
  },
});
