/**
 * Loaded into each thread of a daemon before its own modules (`--import`). A data folder holds the
 * URLs and the instants of the day it was made. Here its endpoints lead to the test's receiver, and
 * the clock continues soon after the daemon was killed: retries, retention and the old secret of a
 * webhook are as they were then, on whatever day the test runs.
 */
import { Socket } from "node:net";

const receiverPort = Number(process.env["UPGRADE_RECEIVER_PORT"]);
const clockOffsetMs = Number(process.env["UPGRADE_CLOCK_OFFSET_MS"] ?? 0);

/** These stand for the receiver. No daemon and no other endpoint of a test listens on one of them. */
const PRIVILEGED_PORTS = 1024;

// oxlint-disable-next-line typescript/unbound-method -- called on the socket, as it was
const connect = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket;
Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
  // `net.connect` hands its arguments on in an array, with the options at its head.
  const [first] = args;
  const options = (Array.isArray(first) ? first[0] : first) as { port?: unknown };
  if (Number(options.port) < PRIVILEGED_PORTS) options.port = receiverPort;
  return connect.apply(this, args);
};

const realNow = Date.now;
Date.now = () => realNow() + clockOffsetMs;
