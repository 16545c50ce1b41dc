import { expect, test } from "vitest";
import { exposureWarning } from "./exposure-warning.ts";

test.each(["127.0.0.1", "127.9.9.9", "::1", "localhost", "::ffff:127.0.0.1"])(
  "%s is a loopback address and needs no warning",
  (host) => expect(exposureWarning({ host, publicUrl: undefined })).toBeNull(),
);

test.each(["0.0.0.0", "::", "192.168.1.20", "jobs.lan"])(
  "%s without TLS gives a warning that names the fix",
  (host) => {
    const warning = exposureWarning({ host, publicUrl: "http://jobs.lan" });
    expect(warning).toContain(host);
    expect(warning).toContain("PLAYGROUND_PUBLIC_URL");
    expect(warning).not.toContain("\n");
  },
);

test("with an https public URL there is no warning", () => {
  expect(exposureWarning({ host: "0.0.0.0", publicUrl: "https://jobs.example.com" })).toBeNull();
});
