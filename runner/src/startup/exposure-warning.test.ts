import { expect, test } from "vitest";
import { exposureWarning } from "./exposure-warning.ts";

test.each(["127.0.0.1", "127.9.9.9", "::1", "localhost", "::ffff:127.0.0.1"])(
  "%s is this machine's own: nothing to warn of",
  (host) => expect(exposureWarning({ host, publicUrl: undefined })).toBeNull(),
);

test.each(["0.0.0.0", "::", "192.168.1.20", "jobs.lan"])(
  "%s without TLS in front is warned of, and the way out named",
  (host) => {
    const warning = exposureWarning({ host, publicUrl: "http://jobs.lan" });
    expect(warning).toContain(host);
    expect(warning).toContain("PLAYGROUND_PUBLIC_URL");
    expect(warning).not.toContain("\n");
  },
);

test("an https URL says that TLS is in front", () => {
  expect(exposureWarning({ host: "0.0.0.0", publicUrl: "https://jobs.example.com" })).toBeNull();
});
