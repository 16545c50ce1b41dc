import { expect, test } from "vitest";
import { licenceFaults } from "../../scripts/package/licence-faults.ts";
import { SHIPPED_DIRS } from "../../scripts/package/shipped-dirs.ts";
import { shippedPackages, type ShippedPackage } from "../../scripts/package/shipped-packages.ts";

const shipped = shippedPackages(SHIPPED_DIRS);

const withLicence = (licence: string, name = "some-package"): ShippedPackage[] => [
  { name, version: "1.0.0", licence, dir: "" },
];

test("everything that is shipped has a licence that is allowed", () => {
  expect(shipped.length).toBeGreaterThan(100);
  expect(licenceFaults(shipped)).toEqual([]);
});

test.each(["GPL-3.0", "AGPL-3.0-only", "", "LGPL-3.0-or-later", "MIT AND GPL-2.0-only"])(
  "a package with the licence %j is named",
  (licence) => {
    expect(licenceFaults(withLicence(licence))).toEqual([
      expect.stringContaining(`some-package 1.0.0 has the licence "${licence}"`),
    ]);
  },
);

test("of a choice, one licence must be allowed, and libvips is an exception", () => {
  expect(licenceFaults(withLicence("(MIT OR GPL-3.0)"))).toEqual([]);
  const libvips = withLicence("LGPL-3.0-or-later", "@img/sharp-libvips-linux-x64");
  expect(licenceFaults(libvips)).toEqual([]);
});
