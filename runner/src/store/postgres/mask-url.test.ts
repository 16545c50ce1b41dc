import { expect, test } from "vitest";
import { maskUrl } from "./mask-url.ts";

test.each([
  ["postgres://me:p%40ss@db.test:5432/x", "postgres://me:***@db.test:5432/x"],
  ["postgres://me:se@cr:et@db.test/x", "postgres://me:***@db.test/x"],
  ["postgres://me:secret word@db.test/x", "postgres://me:***@db.test/x"],
  ["postgres://me:secret%@db.test/x", "postgres://me:***@db.test/x"],
  ["postgresql://me@db.test/x", "postgresql://me@db.test/x"],
  [
    "postgres:///x?host=%2Frun&user=me&sslmode=disable",
    "postgres:///x?host=%2Frun&user=me&sslmode=disable",
  ],
  ["postgres://db.test/x?user=me&password=secret", "postgres://db.test/x?user=me"],
  ["postgres://db.test/x?password=se&cret&user=me", "postgres://db.test/x?user=me"],
  ["postgres://db.test/x?PassWord=secret&sslpassword=secret", "postgres://db.test/x"],
])("%s is shown as %s", (url, shown) => {
  expect(maskUrl(url)).toBe(shown);
});

test.each([
  "host=db password=secret",
  "postgres:host=db password=secret",
  "postgres:me:secret@db.test/x",
  "http://me:secret@db.test/x",
  "postgres://me:se/cret@db.test/x",
  "postgres://me:1/secret@db.test/x",
  "postgres://me:1?secret@db.test/x",
  "postgres://me:1#secret@db.test/x",
  "postgres://db.test/x?password=a#secret",
  "postgres://db.test/x?password=a@secret",
  "secret",
  "",
])("nothing of %s is shown", (url) => {
  expect(maskUrl(url)).toBe("***");
});
