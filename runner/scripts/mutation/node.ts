/** A node of the parser's tree. Only what the mutants need is typed. */
export interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

/** A part of the text, and what stands in its place. */
export interface Edit {
  start: number;
  end: number;
  replacement: string;
}

export const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string";
