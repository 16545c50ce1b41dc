/** The entities that a document can use. */

const PREDEFINED: Readonly<Record<string, string>> = {
  amp: "&",
  gt: ">",
  lt: "<",
  quot: '"',
  apos: "'",
};
const MAX_DECLARED = 1_000;
/** The patterns below take quadratic time on a hostile document type. */
const MAX_DOCTYPE_CHARS = 1 << 16;
/** Together, so that no short document becomes a long one. */
const MAX_EXPANDED_CHARS = 1_000_000;

const DECLARATION =
  /<!ENTITY\s+(?:(%)\s+)?([^\s%"'<>&]+)\s+(?:(SYSTEM|PUBLIC)\b|"([^"]*)"|'([^']*)')/g;

export interface Entities {
  /** For the parser. It has no prototype, so that `&constructor;` is not defined. */
  readonly table: Record<string, string>;
  declare(doctype: string): void;
  /** Why an entity that the document declares cannot be used. */
  reasons(): string;
}

/**
 * Declared entities are used if they are plain text. One with markup or other entities in it, or in
 * a file of its own, stays undefined: using it fails.
 */
export function createEntities(field: string): Entities {
  const table = Object.assign(Object.create(null) as Record<string, string>, PREDEFINED);
  const unusable: string[] = [];
  let expanded = 0;
  const define = (name: string, value: string): void => {
    Object.defineProperty(table, name, {
      get() {
        expanded += value.length;
        if (expanded <= MAX_EXPANDED_CHARS) return value;
        throw new Error(
          `${field}: its entities, such as &${name};, expand to more than ${MAX_EXPANDED_CHARS} characters. The XML must use them less often.`,
        );
      },
    });
  };
  return {
    table,
    declare(doctype) {
      if (doctype.length > MAX_DOCTYPE_CHARS) {
        throw new Error(
          `${field}: the document type has ${doctype.length} characters. It must have at most ${MAX_DOCTYPE_CHARS}.`,
        );
      }
      let count = 0;
      const text = doctype.replaceAll(/<!--[\s\S]*?-->/g, "");
      for (const [, percent, name = "", external, double, single] of text.matchAll(DECLARATION)) {
        if (percent !== undefined || Object.hasOwn(table, name)) continue;
        count += 1;
        if (count > MAX_DECLARED) {
          throw new Error(
            `${field}: the document type declares more than ${MAX_DECLARED} entities. It must declare fewer.`,
          );
        }
        const value = decodeReferences(double ?? single ?? "");
        if (external === undefined && !/[&<%]/.test(value)) define(name, value);
        else unusable.push(name);
      }
    },
    reasons() {
      if (unusable.length === 0) return "";
      const names = unusable.slice(0, 3).map((name) => `&${name};`);
      return ` The declared entities ${names.join(", ")} are not expanded, because they are external or contain markup or other entities.`;
    },
  };
}

/** `&#160;` is one character. References to `<` and `&` give markup, which is refused. */
function decodeReferences(value: string): string {
  return value.replaceAll(/&#(?:(\d{1,7})|x([0-9a-f]{1,6}));/gi, (reference, decimal, hex) => {
    const code = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : reference;
  });
}
