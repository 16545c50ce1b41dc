import { expect, test } from "vitest";
import { explainAlert } from "./tls-alert.ts";

test.each([
  [116, "the endpoint requires a client certificate: "],
  [48, "the endpoint does not trust the authority of the client certificate: "],
  [45, "the client certificate has expired, or is not valid yet: "],
  [40, "the endpoint refused the connection, and may require a client certificate: "],
  [70, ""],
])("the alert %d of an endpoint is explained by %j", (alert, reason) => {
  const message = `tlsv13 alert (SSL routines), SSL alert number ${alert}`;
  expect(explainAlert(message)).toBe(reason + message);
});

test("a message without an alert stays as it is", () => {
  expect(explainAlert("other side closed")).toBe("other side closed");
});
