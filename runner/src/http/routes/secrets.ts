import type { FastifyInstance } from "fastify";
import type { Engine } from "../../engine/engine.ts";
import type { SecretInfo } from "../../engine/plugin-secrets/secrets.ts";
import { listSecrets, removeSecret, setSecret, type Secret } from "../contract/secrets.ts";
import { mount } from "../mount.ts";

export function registerSecrets(
  app: FastifyInstance,
  { engine }: { readonly engine: Pick<Engine, "secrets"> },
): void {
  const { secrets } = engine;

  mount(app, listSecrets, async () => ({ secrets: (await secrets.list()).map(secretView) }));

  mount(app, setSecret, async (request, reply) => {
    const by = request.caller?.name ?? null;
    const { secret, outcome } = await secrets.set(request.params.name, request.body.value, by);
    return reply.code(outcome === "created" ? 201 : 200).send(secretView(secret));
  });

  mount(app, removeSecret, async (request, reply) => {
    await secrets.remove(request.params.name, request.caller?.name ?? null);
    return reply.code(204).send();
  });
}

function secretView({ createdAt, updatedAt, plugins, ...secret }: SecretInfo): Secret {
  return {
    ...secret,
    createdAt: toIso(createdAt),
    updatedAt: toIso(updatedAt),
    plugins: [...plugins],
  };
}

function toIso(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString();
}
