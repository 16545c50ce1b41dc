import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "leaves-a-rejection",
  description: "Completes. A promise that it left behind is rejected later.",
  run(input) {
    setTimeout(() => void Promise.reject(new Error("rejected late")), (input as { ms: number }).ms);
    return null;
  },
});
