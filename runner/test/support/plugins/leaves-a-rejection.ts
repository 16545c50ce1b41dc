import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "leaves-a-rejection",
  description: "Completes; some ms later a promise of its is rejected.",
  run(input) {
    setTimeout(() => void Promise.reject(new Error("rejected late")), (input as { ms: number }).ms);
    return null;
  },
});
