import { expect, test } from "vitest";
import { messageWithCauses } from "./message-with-causes.ts";

const refused = (address: string) =>
  Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: "ECONNREFUSED" });

test.each([
  ["the message alone", new Error("a"), "a"],
  ["each cause", new Error("a", { cause: new Error("b", { cause: new Error("c") }) }), "a: b: c"],
  ["a cause that is a text", new Error("a.", { cause: "b" }), "a: b"],
  ["no cause that the message quotes", new Error("a (b)", { cause: new Error("b") }), "a (b)"],
  [
    "the parts of an AggregateError",
    new TypeError("fetch failed", {
      cause: new AggregateError([refused("::1:9"), refused("127.0.0.1:9"), refused("::1:9")]),
    }),
    "fetch failed: connect ECONNREFUSED ::1:9; connect ECONNREFUSED 127.0.0.1:9",
  ],
  [
    "both errors of a SuppressedError",
    new SuppressedError(new Error("close"), new Error("read"), "two"),
    "two: close; read",
  ],
  [
    "the code of an error without a message",
    Object.assign(new Error(), { code: "E_GONE" }),
    "E_GONE",
  ],
  ["the name of an error without message and code", new TypeError(), "TypeError"],
  [
    "no source line of OpenSSL",
    new Error("fetch failed", {
      cause: new Error(
        "80F1:error:0A00010B:SSL routines:tls_record:wrong version number:../deps/ssl/tlsany_meth.c:77:\n",
      ),
    }),
    "fetch failed: wrong version number (SSL routines)",
  ],
  [
    "OpenSSL's detail",
    new Error("80F1:error:0A000412:SSL routines:read:alert:../deps/rec.c:9:SSL alert number 42\n"),
    "alert (SSL routines), SSL alert number 42",
  ],
])("it contains %s", (_, error, message) => {
  expect(messageWithCauses(error)).toBe(message);
});

test("a cycle of causes and a cause that cannot be read end it", () => {
  const cycle = new Error("a");
  cycle.cause = new Error("b", { cause: cycle });
  expect(messageWithCauses(cycle)).toBe("a: b");
  const trap = Object.defineProperty(new Error("a"), "cause", {
    get() {
      throw new Error("no");
    },
  });
  expect(messageWithCauses(trap)).toBe("a");
});
