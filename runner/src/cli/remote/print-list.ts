import { parseExactJson } from "../exact-json.ts";
import { openOutput, type Output } from "../output.ts";
import type { Column } from "../table.ts";
import type { Answer, Client } from "./client.ts";
import { connect } from "./connect.ts";

const MAX_PAGE_SIZE = 500;
const DEFAULT_LIMIT = 20;

interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

interface PageRequest {
  readonly limit: number;
  readonly cursor?: string;
}

type ListFlags = Parameters<typeof openOutput>[0] & {
  readonly limit: number | undefined;
  readonly json: boolean;
};

interface List<Item> {
  readonly columns: (output: Output) => readonly Column<Item>[];
  /** What to say when there is nothing to show. */
  readonly none: string;
  readonly read: (client: Client, page: PageRequest) => Promise<Answer<Page<Item>>>;
}

/** Reads as many pages as the limit needs, and prints them as one table or as one JSON document. */
export async function printList<Item>(
  given: Parameters<typeof connect>[0] & { readonly flags: ListFlags },
  list: List<Item>,
): Promise<number> {
  const { flags } = given;
  const client = await connect(given);
  const output = openOutput(flags);
  const answers: Answer<Page<Item>>[] = [];
  let left = flags.limit ?? DEFAULT_LIMIT;
  let cursor: string | null = null;
  do {
    const limit = Math.min(left, MAX_PAGE_SIZE);
    const answer = await list.read(client, { limit, ...(cursor !== null && { cursor }) });
    answers.push(answer);
    const page = JSON.parse(answer.text) as Page<unknown>;
    cursor = page.nextCursor;
    // A page can have fewer items than asked for, although there are more.
    left -= page.items.length;
  } while (cursor !== null && left > 0);
  if (flags.json) {
    const pages = await Promise.all(answers.map(({ text }) => parseExactJson(text)));
    const items = pages.flatMap((page) => (page as Page<unknown>).items);
    output.print(JSON.stringify({ items, nextCursor: cursor }, null, 2));
    return 0;
  }
  const items = answers.flatMap((answer) => answer.body().items);
  if (items.length === 0) output.note(list.none);
  else output.printTable(list.columns(output), items);
  if (cursor !== null) output.note("There are more: use --limit to show them.");
  return 0;
}
