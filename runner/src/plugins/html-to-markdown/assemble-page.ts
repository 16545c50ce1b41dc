/**
 * Puts a page's text where a browser shows it. Servers send some text after the page, hidden, with
 * a script that moves it (streaming), or in a `<template>` that is an element's shadow tree.
 */
import type { Element, ElementContent, Nodes, Parents, Root } from "hast";
import { SKIP, visit } from "unist-util-visit";
import { attribute, bodyOf, element, isElement, plainText } from "./html-tree.ts";

export function assemblePage(page: Root): void {
  openShadowTrees(page);
  insertStreamedParts(page);
  listFrames(page);
}

/** Replaces the children of an element with a shadow tree by that tree, with the children in its slots. */
function openShadowTrees(page: Root): void {
  visit(page, "element", (host) => {
    const shadow = host.children.find((child) => isShadowTree(child));
    if (!shadow?.content) return;
    const own = host.children.filter((child) => child !== shadow);
    host.children = shadow.content.children as ElementContent[];
    visit(host, "element", (slot, index, parent) => {
      if (slot.tagName !== "slot" || !parent || index === undefined) return undefined;
      const name = attribute(slot, "name");
      const assigned = own.filter((child) => slotOf(child) === name);
      const hasText = assigned.some((child) => child.type !== "text" || child.value.trim() !== "");
      const shown = hasText ? assigned : slot.children;
      (parent.children as Nodes[]).splice(index, 1, ...shown);
      return [SKIP, index + shown.length];
    });
  });
}

function isShadowTree(node: Nodes): node is Element {
  if (!isElement(node, "template")) return false;
  return "shadowRootMode" in node.properties || "shadowrootmode" in node.properties;
}

function slotOf(node: Nodes): string {
  return isElement(node) ? attribute(node, "slot") : "";
}

interface Place {
  parent: Parents;
  readonly node: Element;
}

interface Move {
  readonly to: string;
  readonly from: string;
  /** The comment after the text that is shown until the part arrives. */
  readonly end?: string;
}

/** React writes `$RC("B:0","S:0")` or `$RS("S:1","P:1")`, Solid `$df("0")`. */
const CALLS = /\$(RC|RR|RS|df)\(\s*"([^"]+)"(?:\s*,\s*"([^"]+)")?/g;

function insertStreamedParts(page: Root): void {
  const places = new Map<string, Place>();
  const moves: Move[] = [];
  visit(page, "element", (node, _index, parent) => {
    const { id, dataBid, dataSid } = node.properties;
    if (typeof id === "string" && parent && !places.has(id)) places.set(id, { parent, node });
    if (typeof dataBid === "string" && typeof dataSid === "string") {
      moves.push({ to: dataBid, from: dataSid, end: "/$" });
    }
    if (node.tagName === "script") moves.push(...movesIn(plainText(node)));
  });
  for (const move of moves) apply(move, places);
  // Saved pages can lack the scripts. React gives both ids the same number.
  for (const to of places.keys()) {
    if (to.startsWith("B:")) apply({ to, from: to.replace("B", "S"), end: "/$" }, places);
  }
}

function movesIn(script: string): Move[] {
  return Array.from(script.matchAll(CALLS), ([, name, first = "", second = ""]) => {
    if (name === "df") return { to: `pl-${first}`, from: first, end: `pl-${first}` };
    return name === "RS" ? { to: second, from: first } : { to: first, from: second, end: "/$" };
  });
}

function apply(move: Move, places: Map<string, Place>): void {
  const [to, from] = [places.get(move.to), places.get(move.from)];
  if (!to || !from) return;
  const target = to.parent.children as Nodes[];
  const source = from.parent.children as Nodes[];
  if (!target.includes(to.node) || !source.includes(from.node)) return;
  source.splice(source.indexOf(from.node), 1);
  const start = target.indexOf(to.node);
  const { children } = from.node.content ?? from.node;
  target.splice(start, shownUntil(target, start, move.end), ...children);
  // A part can contain the place of a later part.
  for (const place of places.values()) {
    if ((children as Nodes[]).includes(place.node)) place.parent = to.parent;
  }
}

/** Counts the nodes of the placeholder and of what is shown until the part arrives. */
function shownUntil(siblings: readonly Nodes[], start: number, end: string | undefined): number {
  let nested = 0;
  for (let index = start + 1; end !== undefined && index < siblings.length; index++) {
    const node = siblings[index]!;
    if (node.type !== "comment") continue;
    if (node.value === end && nested === 0) return index - start;
    if (node.value === "/$") nested -= 1;
    else if (/^\$[?!~]?$/.test(node.value)) nested += 1;
  }
  return 1;
}

/** A page of frames has no body. It becomes a list of links to the frames. */
function listFrames(page: Root): void {
  const body = bodyOf(page);
  if (body.tagName !== "frameset") return;
  const frames: Element[] = [];
  visit(body, "element", (node) => {
    if (node.tagName === "frame") frames.push(node);
  });
  body.tagName = "body";
  body.children = frames.flatMap((frame) => {
    const src = attribute(frame, "src");
    const value = attribute(frame, "title") || attribute(frame, "name") || src;
    const link = element("a", { href: src }, [{ type: "text", value }]);
    return src === "" ? [] : [element("p", {}, [link])];
  });
}
