/** The mutants of a source file: small changes, one at a time, that a test should notice. */
import { parseAst } from "vitest/node";
import { mutateNode } from "./mutate-node.ts";
import { isNode, type Edit, type Node } from "./node.ts";

export interface Mutant extends Edit {
  /** The probe whose code holds the mutant, or null where the code runs at import. */
  probe: number | null;
}

/** Where a call can be put that says that the code there has run. */
export interface Probe {
  at: number;
  /** The end of an arrow function's expression, which must be wrapped to hold a probe. */
  end: number | null;
}

export interface Mutated {
  mutants: Mutant[];
  probes: Probe[];
}

/** Types, and the keys of objects, which are names. */
const SKIPPED_PARTS = new Set(["typeAnnotation", "returnType", "typeArguments", "typeParameters"]);
const SKIPPED = /^(?:TS(?!As|NonNull|Satisfies)|Import(?!Expression)|ExportAll)/;

/** Words for people. A mutant of them says nothing about what the code does. */
const LOGS = /^(?:log|.*\.log)\.(?:trace|debug|info|warn|error|fatal)$/;
const ERRORS = /(?:Error|Defect|Refused|Transient)$/;

function isWords(node: Node, source: string): boolean {
  if (node.type === "ExpressionStatement") return isWords(node["expression"] as Node, source);
  const callee = node["callee"];
  if (!isNode(callee)) return false;
  const name = source.slice(callee.start, callee.end).replaceAll("?.", ".");
  return (node.type === "NewExpression" ? ERRORS : LOGS).test(name);
}

/** A list of words that makes a type, which the compiler checks. */
const isConst = (node: Node, source: string): boolean =>
  node.type === "TSAsExpression" &&
  source.slice(node.start, node.end).endsWith("as const") &&
  (node["expression"] as Node).type !== "ObjectExpression";

function partsOf(node: Node): Node[] {
  return Object.entries(node)
    .filter(([key]) => !SKIPPED_PARTS.has(key) && (key !== "key" || node["computed"] === true))
    .flatMap(([, value]) => (Array.isArray(value) ? value : [value]))
    .filter((part) => isNode(part));
}

export function findMutants(source: string): Mutated {
  const mutants: Mutant[] = [];
  const probes: Probe[] = [];
  /** Conditions become true and false. To negate them as well would say nothing new. */
  const conditions = new Set<Node>();
  let probe: number | null = null;

  function visitProbed(node: Node, at: Probe): void {
    const outer = probe;
    probe = probes.push(at) - 1;
    visit(node);
    probe = outer;
  }

  function visitStatements(statements: Node[]): void {
    for (const statement of statements) {
      // It can be called before its place is reached.
      if (statement.type === "FunctionDeclaration") visit(statement);
      else visitProbed(statement, { at: statement.start, end: null });
    }
  }

  function visitParts(node: Node): void {
    if (node.type === "BlockStatement") return visitStatements(node["body"] as Node[]);
    if (node.type === "SwitchCase") {
      if (isNode(node["test"])) visit(node["test"]);
      return visitStatements(node["consequent"] as Node[]);
    }
    for (const part of partsOf(node)) {
      const isResult = node.type === "ArrowFunctionExpression" && part === node["body"];
      if (isResult && part.type !== "BlockStatement")
        visitProbed(part, { at: part.start, end: part.end });
      else visit(part);
    }
  }

  function visit(node: Node): void {
    if (SKIPPED.test(node.type)) return;
    const before = mutants.length;
    for (const edit of mutateNode(node, source, conditions)) mutants.push({ ...edit, probe });
    visitParts(node);
    if (isWords(node, source) || isConst(node, source)) mutants.length = before;
  }

  visit(parseAst(source, { lang: "ts", astType: "ts" }) as unknown as Node);
  return { mutants, probes };
}
