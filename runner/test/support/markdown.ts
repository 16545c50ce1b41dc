/** Reads what the tests need from a Markdown file: fenced blocks, links, headings, paths in code. */

export interface Fence {
  /** The word after the three backticks. */
  readonly language: string;
  readonly text: string;
  readonly line: number;
}

const FENCE = /^```(\w*)[^\n]*\n(.*?)^```$/gms;

export function fencesOf(markdown: string): Fence[] {
  return [...markdown.matchAll(FENCE)].map(({ 1: language = "", 2: text = "", index }) => ({
    language,
    text,
    line: markdown.slice(0, index).split("\n").length,
  }));
}

export function withoutFences(markdown: string): string {
  return markdown.replaceAll(FENCE, "");
}

/** Targets of links and images that are not on the web. */
export function linksOf(markdown: string): string[] {
  const text = withoutFences(markdown);
  const targets = [
    ...text.matchAll(/\]\(([^)\s]+)\)/g),
    ...text.matchAll(/(?:src|srcset|href)="([^"]+)"/g),
  ].map(([, target = ""]) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors of the headings, as GitHub makes them. */
export function anchorsOf(markdown: string): string[] {
  return [...withoutFences(markdown).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** Paths in inline code: all code that contains a slash and is not a route or a URL. */
export function inlinePathsOf(markdown: string): string[] {
  return [...withoutFences(markdown).matchAll(/`([^`\s]+)`/g)]
    .map(([, code = ""]) => code)
    .filter((code) => /^[\w.*{},-]+(?:\/[\w.*{},-]*)+$/.test(code));
}

/** The paths of an annotated tree: one per line, indented two spaces per folder, then a description. */
export function treePathsOf(tree: string): string[] {
  const folders: string[] = [];
  return tree
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const depth = (line.length - line.trimStart().length) / 2;
      const [name = ""] = line.trim().split(/\s+/);
      folders.length = depth;
      folders[depth] = name.endsWith("/") ? name : `${name}/`;
      return folders.slice(0, depth).join("") + name;
    });
}
