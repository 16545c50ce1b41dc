/**
 * Loaded into each thread of a daemon before its own modules (`--import`). A data folder contains the
 * URLs and the instants of the day it was created. This module directs its endpoints to the test's
 * receiver and sets the clock to shortly after the kill, so that retries, retention and old webhook
 * secrets behave as on that day.
 */
import { Socket } from "node:net";

const receiverPort = Number(process.env["UPGRADE_RECEIVER_PORT"]);
const clockOffsetMs = Number(process.env["UPGRADE_CLOCK_OFFSET_MS"] ?? 0);

/** Lower ports stand for the receiver. No daemon and no other endpoint of a test listens on one. */
const PRIVILEGED_PORTS = 1024;

// oxlint-disable-next-line typescript/unbound-method -- called on the socket, as it was
const connect = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket;
Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
  // `net.connect` passes its arguments on as an array, with the options first.
  const [first] = args;
  const options = (Array.isArray(first) ? first[0] : first) as { port?: unknown };
  if (Number(options.port) < PRIVILEGED_PORTS) options.port = receiverPort;
  return connect.apply(this, args);
};

const realNow = Date.now;
Date.now = () => realNow() + clockOffsetMs;
