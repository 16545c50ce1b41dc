/** The mutants of one node, without those of its parts. */
import { mutateLiteral, mutateTemplate } from "./mutate-literal.ts";
import { isNode, type Edit, type Node } from "./node.ts";

type Mutate = (node: Node, source: string, conditions: Set<Node>) => Edit[];

const OPERATORS: Record<string, string[]> = {
  "===": ["!=="],
  "!==": ["==="],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "&&": ["||"],
  "||": ["&&"],
  "&": ["|"],
  "|": ["&"],
  "<<": [">>"],
  ">>": ["<<"],
  "+=": ["-="],
  "-=": ["+="],
  "*=": ["/="],
  "/=": ["*="],
};
const COMPARISONS = new Set(["===", "!==", "<", "<=", ">", ">="]);

const METHODS: Record<string, string> = {
  endsWith: "includes",
  startsWith: "includes",
  some: "every",
  every: "some",
  min: "max",
  max: "min",
  floor: "ceil",
  ceil: "floor",
  toLowerCase: "toUpperCase",
  toUpperCase: "toLowerCase",
};
/** They return what they were called on, or a part of it. */
const DROPPED = new Set(["filter", "slice", "trim", "sort", "toSorted", "reverse", "toReversed"]);

const replaced = ({ start, end }: Node, replacement: string): Edit => ({ start, end, replacement });
const textOf = ({ start, end }: Node, source: string): string => source.slice(start, end);

function mutateCondition(node: Node, _source: string, conditions: Set<Node>): Edit[] {
  const { test } = node;
  if (!isNode(test) || test.type === "Literal") return [];
  conditions.add(test);
  return [replaced(test, "true"), replaced(test, "false")];
}

// A loop that never ends is noticed without a test.
function mutateLoop({ test }: Node): Edit[] {
  return isNode(test) && test.type !== "Literal" ? [replaced(test, "false")] : [];
}

function mutateOperator(node: Node, source: string, conditions: Set<Node>): Edit[] {
  const [left, right] = [node["left"] as Node, node["right"] as Node];
  const operator = node["operator"] as string;
  if (operator === "??") return [{ start: left.end, end: node.end, replacement: "" }];
  const joinsText = [left, right].some(
    ({ type, value }) => type === "TemplateLiteral" || typeof value === "string",
  );
  if (operator === "+" && joinsText) return [];
  const between = source.slice(left.end, right.start).indexOf(operator);
  if (between === -1) return [];
  const start = left.end + between;
  const others = OPERATORS[operator] ?? [];
  // The last is the opposite.
  const wanted = COMPARISONS.has(operator) && conditions.has(node) ? others.slice(0, -1) : others;
  return wanted.map((replacement) => ({ start, end: start + operator.length, replacement }));
}

function mutateUnary(node: Node, _source: string, conditions: Set<Node>): Edit[] {
  const { operator, start } = node;
  const drops = operator === "-" || (operator === "!" && !conditions.has(node));
  return drops ? [{ start, end: start + 1, replacement: "" }] : [];
}

function mutateUpdate(node: Node, source: string): Edit[] {
  const other = node["operator"] === "++" ? "--" : "++";
  return [replaced(node, textOf(node, source).replace(node["operator"] as string, other))];
}

function mutateOptional(node: Node, source: string): Edit[] {
  if (node["optional"] !== true) return [];
  const from = (node["object"] ?? node["callee"]) as Node;
  const start = source.indexOf("?.", from.end);
  const isNamed = node.type === "MemberExpression" && node["computed"] !== true;
  return [{ start, end: start + 2, replacement: isNamed ? "." : "" }];
}

function mutateCall(node: Node, source: string): Edit[] {
  const edits = mutateOptional(node, source);
  const callee = node["callee"] as Node;
  if (callee.type !== "MemberExpression" || callee["computed"] === true) return edits;
  const property = callee["property"] as Node;
  const name = textOf(property, source);
  const other = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  if (other !== undefined) edits.push(replaced(property, other));
  const { end } = callee["object"] as Node;
  if (DROPPED.has(name)) edits.push({ start: end, end: node.end, replacement: "" });
  return edits;
}

const emptied = (key: string, replacement: string): Mutate => {
  return (node) => ((node[key] as unknown[]).length > 0 ? [replaced(node, replacement)] : []);
};
const removed: Mutate = (node) => [replaced(node, ";")];

const BY_TYPE: Record<string, Mutate> = {
  IfStatement: mutateCondition,
  ConditionalExpression: mutateCondition,
  WhileStatement: mutateLoop,
  DoWhileStatement: mutateLoop,
  ForStatement: mutateLoop,
  BinaryExpression: mutateOperator,
  LogicalExpression: mutateOperator,
  AssignmentExpression: mutateOperator,
  UnaryExpression: mutateUnary,
  UpdateExpression: mutateUpdate,
  MemberExpression: mutateOptional,
  CallExpression: mutateCall,
  Literal: mutateLiteral,
  TemplateLiteral: mutateTemplate,
  ArrayExpression: emptied("elements", "[]"),
  ObjectExpression: emptied("properties", "{}"),
  ExpressionStatement: removed,
  BreakStatement: removed,
  ContinueStatement: removed,
  ThrowStatement: removed,
  ReturnStatement: (node) => (isNode(node["argument"]) ? [] : [replaced(node, ";")]),
  ArrowFunctionExpression: ({ body }) =>
    isNode(body) && body.type !== "BlockStatement" ? [replaced(body, "undefined")] : [],
};

export const mutateNode: Mutate = (node, source, conditions) =>
  (BY_TYPE[node.type]?.(node, source, conditions) ?? []).filter(
    ({ start, end, replacement }) => source.slice(start, end) !== replacement,
  );
