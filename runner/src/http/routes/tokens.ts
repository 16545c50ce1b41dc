import type { FastifyInstance } from "fastify";
import type { Clock } from "../../ports/clock.ts";
import type { TokenList } from "../../ports/token-list.ts";
import { addToken, listTokens, removeToken } from "../contract/tokens.ts";
import { mount } from "../mount.ts";

export function registerTokens(
  app: FastifyInstance,
  { tokenList, clock }: { readonly tokenList: TokenList; readonly clock: Pick<Clock, "now"> },
): void {
  mount(app, listTokens, async () => ({ tokens: await tokenList.list() }));

  mount(app, addToken, async (request, reply) => {
    const { name, scope } = request.body;
    const added = { name, scope, createdAt: new Date(clock.now()).toISOString() };
    const token = await tokenList.add(added);
    return reply.code(201).send({ ...added, token });
  });

  mount(app, removeToken, async (request, reply) => {
    await tokenList.remove(request.params.name);
    return reply.code(204).send();
  });
}
