import pg from "pg";
import { expect, test } from "vitest";
import { Defect, Transient } from "../../domain/errors.ts";
import { isConnectionLost, sqlState, toError } from "./store-error.ts";

function ofServer(code: string): Error {
  return Object.assign(new pg.DatabaseError("as reported", 11, "error"), { code });
}

function ofSocket(code: string): Error {
  return Object.assign(new Error(`write ${code}`), { code, syscall: "write" });
}

// EPIPE has the five characters of an SQLSTATE.
test.each(["EPIPE", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH"])(
  "%s of the socket is a lost connection, and the call can be repeated",
  (code) => {
    expect(sqlState(ofSocket(code))).toBeNull();
    expect(isConnectionLost(ofSocket(code))).toBe(true);
    expect(toError(ofSocket(code))).toBeInstanceOf(Transient);
  },
);

test.each([
  "Connection terminated unexpectedly",
  "Client has encountered a connection error and is not queryable",
  "Client was closed and is not queryable",
  "Query read timeout",
])("%j of the client is a lost connection", (message) => {
  expect(isConnectionLost(new Error(message))).toBe(true);
});

test.each([
  ["57P01", true, Transient],
  ["25006", true, Transient],
  ["40P01", false, Transient],
  ["53100", false, Transient],
  ["23505", false, Defect],
])("%s of the server", (code, isLost, type) => {
  expect(isConnectionLost(ofServer(code))).toBe(isLost);
  expect(toError(ofServer(code))).toBeInstanceOf(type);
});

test("a defect of the program is no lost connection", () => {
  expect(isConnectionLost(new TypeError("x is not a function"))).toBe(false);
});
