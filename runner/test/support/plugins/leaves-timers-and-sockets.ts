import { connect, createServer, type AddressInfo } from "node:net";
import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "leaves-timers-and-sockets",
  description:
    "Completes and leaves behind a timer that logs, a server and a connection to it. None of them keeps a process alive.",
  async run() {
    const server = createServer((socket) => void socket.resume().unref()).unref();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    connect(port, "127.0.0.1").unref();
    setInterval(() => console.log("still here"), 1).unref();
    return port;
  },
});
