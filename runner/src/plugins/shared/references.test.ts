/** The built-in plugins take files by reference and give them. */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { PluginDefinition } from "../../plugin-sdk.ts";
import { runPlugin } from "../../plugin-test.ts";
import csvProfile from "../csv-profile/index.ts";
import httpFetch from "../http-fetch/index.ts";
import imageResize from "../image-resize/index.ts";
import pdfToText from "../pdf-to-text/index.ts";
import spreadsheetToJson from "../spreadsheet-to-json/index.ts";
import unzip from "../unzip/index.ts";
import xmlToJson from "../xml-to-json/index.ts";
import zip from "../zip/index.ts";

const ID = "file_of_the_test";

/** The input of a plugin's example, as a file by reference. */
function asFile(plugin: PluginDefinition, field: "base64" | "text") {
  const { [field]: content } = (plugin.example?.input ?? {}) as Record<string, string>;
  const bytes = Buffer.from(content ?? "", field === "base64" ? "base64" : "utf8");
  return { input: { file: { $file: ID } }, files: { [ID]: { content: bytes, name: "in" } } };
}

async function run(plugin: PluginDefinition, given: object, options: object = {}) {
  const example = { ...(plugin.example?.options as object), ...options };
  const { output, files } = await runPlugin(plugin, {
    ...given,
    options: example,
  } as Parameters<typeof runPlugin>[1]);
  return { output: output as Record<string, unknown>, files };
}

/** Of bytes, some plugins also report the encoding and what it was guessed from. */
function withoutEncoding(output: unknown): unknown {
  const leftOut = new Set(["encoding", "assumed", "assumptions"]);
  return JSON.parse(
    JSON.stringify(output, (key, value: unknown) => (leftOut.has(key) ? undefined : value)),
  );
}

describe.each([
  ["csv-profile", csvProfile, "text"],
  ["image-resize", imageResize, "base64"],
  ["pdf-to-text", pdfToText, "base64"],
  ["spreadsheet-to-json", spreadsheetToJson, "base64"],
  ["unzip", unzip, "base64"],
  ["xml-to-json", xmlToJson, "text"],
] as const)("%s", (_, definition, field) => {
  const plugin = definition as unknown as PluginDefinition;

  test("reads a reference as it reads its example", async () => {
    const { output: direct } = await run(plugin, { input: plugin.example?.input });
    const { output } = await run(plugin, asFile(plugin, field));
    expect(withoutEncoding(output)).toEqual(withoutEncoding(direct));
  });

  test("reads the file that http-fetch or image-resize gives, beside the other fields of their output", async () => {
    const { input, files } = asFile(plugin, field);
    const { output } = await run(plugin, { input, files });
    const rest = { url: "https://mill.example/a", status: 200, body: null, items: null };
    const chained = await run(plugin, { input: { ...rest, ...input }, files });
    expect(chained.output).toEqual(output);
  });

  test("refuses a reference that its job does not have", async () => {
    await expect(run(plugin, { input: { file: { $file: "file_0" } } })).rejects.toThrow("file_0");
  });
});

describe.each([
  ["image-resize", imageResize, { outputName: "small.webp" }, "image/webp"],
  ["pdf-to-text", pdfToText, { outputName: "text.txt" }, "text/plain"],
  ["spreadsheet-to-json", spreadsheetToJson, { outputName: "rows.jsonl" }, "application/x-ndjson"],
  ["xml-to-json", xmlToJson, { outputName: "data.json" }, "application/json"],
  ["zip", zip, { outputName: "all.zip" }, "application/zip"],
] as const)("%s with outputName", (_, definition, options, type) => {
  const plugin = definition as unknown as PluginDefinition;

  test("writes a file and gives its reference", async () => {
    const { output, files } = await run(plugin, { input: plugin.example?.input }, options);
    const [file] = files;
    expect(files).toHaveLength(1);
    const { path, ...reference } = file!;
    expect(output["file"]).toEqual(reference);
    expect(reference).toMatchObject({ name: options.outputName, type });
    expect((await readFile(path)).length).toBe(reference.size);
    expect(reference.size).toBeGreaterThan(0);
  });

  test("refuses outputFile beside it", async () => {
    const both = { ...options, outputFile: `out/${options.outputName}` };
    await expect(run(plugin, { input: plugin.example?.input }, both)).rejects.toThrow(
      /outputFile is .* and outputName is .*: only one of them can be set/,
    );
  });
});

test("http-fetch with outputName writes the body to a file and gives its reference", async () => {
  const { output, files } = await runPlugin(httpFetch, {
    input: { url: "http://example.test/a" },
    options: { outputName: "a.txt" },
    fetch: async () => new Response("the body"),
  });
  expect(output).toMatchObject({ file: { name: "a.txt", size: 8 } });
  expect(await readFile(files[0]!.path, "utf8")).toBe("the body");
});

test("zip packs references under their names, which are no paths", async () => {
  const { files } = await run(
    zip,
    {
      input: { files: [{ $file: ID }] },
      files: { [ID]: { content: "inside", name: "../up.txt" } },
    },
    { outputName: "a.zip" },
  );
  const archive = await readFile(files[0]!.path);
  const { output } = await run(
    unzip,
    {
      input: { base64: archive.toString("base64") },
    },
    { only: [] },
  );
  expect(output["listed"]).toMatchObject([{ name: ".._up.txt", bytes: 6 }]);
});

test("image-resize reads the image that it made, beside the other fields of its output", async () => {
  const plugin = imageResize as unknown as PluginDefinition;
  const first = await run(plugin, asFile(plugin, "base64"), { outputName: "a.webp", width: 20 });
  const content = await readFile(first.files[0]!.path);
  const { $file: id } = first.output["file"] as { $file: string };
  const { output } = await run(
    plugin,
    { input: first.output, files: { [id]: { content, name: "a.webp" } } },
    { width: 4 },
  );
  expect(output).toMatchObject({ width: 4, format: "webp" });
});
